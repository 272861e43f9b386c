//! What a list of connections told, among events.

use mqtt_presence::store::{Batch, Keep, Origin};
use mqtt_presence_core::event::Event;
use mqtt_presence_core::event::Kind::{Connect, Tcpclean};
use mqtt_presence_core::presence::{ChannelState, Client, Options, Status, repair};

use crate::fleet::{NOW, batch, event};
use crate::{Bench, Open};

const LEASE: u64 = 10_000;

/// A batch that a list made.
fn told(now: u64, events: impl IntoIterator<Item = Event>) -> Batch {
    let events = events.into_iter();
    Batch {
        events: events.map(|event| (event, Origin::reconciled())).collect(),
        now,
        ..Batch::default()
    }
}

async fn client(bench: &Bench, id: &str) -> Client {
    let mut clients = bench.store.clients(&[id.to_owned()]).await.unwrap();
    clients.pop().flatten().unwrap()
}

pub async fn a_list_repairs_and_events_go_before_it(open: Open) {
    let options = Options {
        lease: Some(LEASE),
        ..Options::default()
    };
    let bench = open(options.clone(), Keep::default());
    let connects = [
        event("ghost", "1", Connect, NOW),
        event("long", "1", Connect, NOW),
    ];
    bench.commit(batch(NOW, connects)).await;
    let later = NOW + 2 * LEASE;
    assert_eq!(bench.store.stats(later).await.unwrap().online, 0);

    let list = [
        repair("ghost", "1", Tcpclean, later),
        repair("long", "1", Connect, later),
        repair("new", "1", Connect, later),
    ];
    let flips = bench.commit(told(later, list.clone())).await;
    let shown: Vec<_> = flips
        .iter()
        .map(|flip| {
            let flip = &flip.transition;
            (flip.client_id.as_str(), flip.online, flip.synthetic)
        })
        .collect();
    assert_eq!(shown, [("ghost", false, true), ("new", true, true)]);
    assert_eq!(bench.commit(told(later, list)).await, []);
    // As it is told again, and as history tells it.
    assert_eq!(bench.store.transitions_after(2, 9).await.unwrap(), flips);
    let history = bench
        .store
        .history("ghost", 0, u64::MAX >> 1, 9)
        .await
        .unwrap();
    let synthetic: Vec<_> = history
        .iter()
        .map(|flip| flip.transition.synthetic)
        .collect();
    assert_eq!(synthetic, [false, true]);

    // The lease of the confirmed one counts from the list.
    let stats = bench.store.stats(later + LEASE).await.unwrap();
    assert_eq!(stats.online, 2);
    let long = client(&bench, "long").await;
    assert_eq!(long.status(&options, later + LEASE), Status::Online);
    assert_eq!(long.status(&options, later + LEASE + 1), Status::Suspect);
    assert_eq!(long.channels["1"].connect.as_ref().unwrap().time, NOW);

    // Events that come late take their places, and bring nobody back.
    let events = [
        event("ghost", "1", Connect, NOW),
        event("ghost", "1", Tcpclean, NOW + 5),
        event("new", "1", Connect, NOW + 7),
        event("new", "1", Tcpclean, later + 3),
    ];
    let flips = bench.commit(batch(later + 9, events)).await;
    let [only] = &flips[..] else {
        panic!("{flips:?}")
    };
    let only = &only.transition;
    assert_eq!(
        (only.client_id.as_str(), only.online, only.synthetic),
        ("new", false, false)
    );
    let ghost = client(&bench, "ghost").await;
    let closing = ghost.channels["1"].tcpclean.as_ref().unwrap();
    assert_ne!(closing.origin, "reconcile");
    assert_eq!(closing.time, NOW + 5);
    let state = ghost.channel_state("1", &options, later);
    assert_eq!(state, Some(ChannelState::Closed));
    let new = client(&bench, "new").await;
    assert_eq!(new.channels["1"].connect.as_ref().unwrap().time, NOW + 7);
}
