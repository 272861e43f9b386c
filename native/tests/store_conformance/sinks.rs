//! Places, leases and dead letters of sinks.

use std::time::Duration;

use mqtt_presence::store::{DeadLetter, Keep, SinkState};
use mqtt_presence_core::event::Kind::Connect;
use mqtt_presence_core::presence::Options;

use crate::fleet::{NOW, batch, event};
use crate::{Bench, Open};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(300);

/// Dead letters of the first transitions, with ids of every kind.
async fn letters(bench: &Bench) -> Vec<DeadLetter> {
    let ids = ["a", "b\0\u{1}\"", "日本", "d"];
    let events = ids.map(|id| event(id, "1", Connect, NOW));
    let letter = |numbered| DeadLetter {
        at: NOW + 5,
        reason: "`\0` is no answer".to_owned(),
        numbered,
    };
    let transitions = bench.commit(batch(NOW, events)).await;
    transitions.into_iter().map(letter).collect()
}

pub async fn a_sink_keeps_its_first_start(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let store = &bench.store;
    assert_eq!(store.sink("a").await.unwrap(), None);
    assert_eq!(store.claim_sink("a", "x", LONG).await.unwrap(), None);
    store.open_sink("a", 7).await.unwrap();
    store.open_sink("a", 9).await.unwrap();
    store.open_sink("b", 0).await.unwrap();
    let place = SinkState {
        place: 7,
        ..SinkState::default()
    };
    assert_eq!(store.sink("a").await.unwrap(), Some(place));
    assert_eq!(store.claim_sink("b", "x", LONG).await.unwrap(), Some(0));
}

pub async fn a_sink_has_one_holder_at_a_time(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let store = &bench.store;
    let claim = async |holder, lease| store.claim_sink("a", holder, lease).await.unwrap();
    store.open_sink("a", 3).await.unwrap();
    assert_eq!(claim("x", LONG).await, Some(3));
    assert_eq!(claim("y", LONG).await, None);
    assert_eq!(claim("x", SHORT).await, Some(3));
    let holder = async || store.sink("a").await.unwrap().unwrap().holder;
    assert_eq!(holder().await.as_deref(), Some("x"));
    // One that is not the holder moves nothing.
    assert!(!store.move_sink("a", "y", 9, LONG, &[]).await.unwrap());
    tokio::time::sleep(2 * SHORT).await;
    assert_eq!(holder().await, None);
    // Late, but nobody took it: it is renewed.
    assert!(store.move_sink("a", "x", 4, SHORT, &[]).await.unwrap());
    assert_eq!(claim("y", LONG).await, None);
    tokio::time::sleep(2 * SHORT).await;
    assert_eq!(claim("y", LONG).await, Some(4));
    assert!(!store.move_sink("a", "x", 9, LONG, &[]).await.unwrap());
    store.release_sink("a", "x").await.unwrap();
    assert_eq!(claim("x", LONG).await, None);
    store.release_sink("a", "y").await.unwrap();
    assert_eq!(claim("x", LONG).await, Some(4));
}

pub async fn dead_letters_go_with_the_place(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let store = &bench.store;
    let letters = letters(&bench).await;
    for sink in ["a", "b"] {
        store.open_sink(sink, 0).await.unwrap();
        assert_eq!(store.claim_sink(sink, "x", LONG).await.unwrap(), Some(0));
    }
    let go = async |holder, to, dead: &[DeadLetter]| {
        store.move_sink("a", holder, to, LONG, dead).await.unwrap()
    };
    let kept = async |after, limit| store.dead_letters("a", after, limit).await.unwrap();
    assert!(!go("y", 2, &letters[..2]).await);
    assert_eq!(kept(0, 10).await, []);
    assert!(go("x", 2, &letters[..2]).await);
    // Done again, or from further back, it does nothing.
    assert!(go("x", 2, &letters[..2]).await);
    assert!(go("x", 1, &letters[..1]).await);
    assert!(go("x", 4, &letters[2..]).await);
    let state = store.sink("a").await.unwrap().unwrap();
    assert_eq!((state.place, state.dead), (4, 4));
    assert_eq!(kept(0, 10).await, letters);
    assert_eq!(kept(1, 2).await, letters[1..3]);
    assert_eq!(store.dead_letters("b", 0, 10).await.unwrap(), []);
    store.drop_dead_letters("a", &[2, 99, 2]).await.unwrap();
    store.drop_dead_letters("a", &[]).await.unwrap();
    store.drop_dead_letters("b", &[1]).await.unwrap();
    let ids: Vec<u64> = kept(0, 10).await.iter().map(|l| l.numbered.id).collect();
    assert_eq!(ids, [1, 3, 4]);
    assert_eq!(store.sink("a").await.unwrap().unwrap().dead, 3);
}
