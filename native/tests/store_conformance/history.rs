//! Transitions: their numbers, one client's history, and how much is kept.

use mqtt_presence::store::{Keep, Numbered};
use mqtt_presence_core::event::Kind::{Connect, Disconnect, Tcpclean};
use mqtt_presence_core::presence::Options;

use crate::fleet::{DAY, NOW, batch, event, origin};
use crate::{Bench, Open};

fn ids(rows: &[Numbered]) -> Vec<u64> {
    rows.iter().map(|row| row.id).collect()
}

pub async fn numbers_have_no_gap_and_keep_order(open: Open) {
    let bench = open(Options::default(), Keep::default());
    assert_eq!(bench.store.oldest_transition().await.unwrap(), 0);
    assert_eq!(bench.store.transitions_after(0, 10).await.unwrap(), []);
    let mut told = Vec::new();
    for round in 0..20u64 {
        let time = NOW + round;
        let channel = format!("{round}");
        // b first: flips come in arrival order, not in that of ids.
        let events = [
            event("b", &channel, Connect, time),
            event("a", &channel, Connect, time),
            event("b", &channel, Tcpclean, time),
            event("b", &channel, Disconnect, time),
            event("a", &channel, Disconnect, time),
        ];
        told.extend(bench.commit(batch(time, events)).await);
    }
    assert_eq!(ids(&told), (1..=80).collect::<Vec<_>>());
    let order: Vec<_> = told[..4]
        .iter()
        .map(|row| (row.transition.client_id.as_str(), row.transition.online))
        .collect();
    assert_eq!(
        order,
        [("b", true), ("a", true), ("b", false), ("a", false)]
    );
    let cause = &told[0].transition.cause;
    let place = (cause.topic.as_deref(), cause.queue, cause.offset);
    assert_eq!(place, (Some("presence"), Some(3), Some(1)));
    assert_eq!(cause.message_id, origin(1).message_id);
    assert_eq!(bench.store.transitions_after(0, 1000).await.unwrap(), told);
    assert_eq!(
        bench.store.transitions_after(30, 7).await.unwrap(),
        told[30..37]
    );
    assert_eq!(bench.store.transitions_after(80, 7).await.unwrap(), []);
    assert_eq!(
        bench.store.transitions_after(u64::MAX, 7).await.unwrap(),
        []
    );
    assert_eq!(bench.store.oldest_transition().await.unwrap(), 1);
}

pub async fn a_large_batch_is_read_from_any_place(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let (store, mut told) = (&bench.store, Vec::new());
    for round in 0..3u64 {
        let time = NOW + round;
        let (channel, clients) = (format!("{round}"), 0..50);
        let both = clients.flat_map(|client| {
            let id = format!("client-{client}");
            [Connect, Tcpclean].map(|kind| event(&id, &channel, kind, time))
        });
        told.extend(bench.commit(batch(time, both)).await);
        let alone = event("client-7", &format!("{round}-more"), Connect, time);
        told.extend(bench.commit(batch(time, [alone])).await);
    }
    // It stays online by the channel of the first round: no flip after that.
    told.sort_by_key(|row| row.id);
    assert_eq!(ids(&told), (1..=told.len() as u64).collect::<Vec<_>>());
    // About 32, which is what an entry of `redis` holds, and at the ends.
    for after in [0, 1, 31, 32, 33, 63, 64, 100, 101, 1000].map(|n| told.len().min(n)) {
        for limit in [1, 5, 33, 1000] {
            let rows = store.transitions_after(after as u64, limit).await.unwrap();
            assert_eq!(rows, told[after..told.len().min(after + limit)]);
        }
    }
    for id in ["client-0", "client-7", "client-49"] {
        let own = told.iter().filter(|row| row.transition.client_id == id);
        let own: Vec<_> = own.cloned().collect();
        assert_eq!(store.history(id, 0, u64::MAX, 100).await.unwrap(), own);
    }
}

/// Whatever an id holds, it is told whole, and so are those beside it.
pub async fn ids_of_any_characters_are_told_whole(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let odd = (0..=0xa0).chain([0x2028, 0x2029, 0xfeff]);
    let odd = odd.filter_map(char::from_u32).map(|odd| format!("a{odd}b"));
    let ids: Vec<String> = odd.chain(["plain".to_owned()]).collect();
    let mut told = Vec::new();
    for (n, kind) in (0..).zip([Connect, Tcpclean, Connect]) {
        let channel = |id: &String| format!("{id}{}", n / 2);
        let events = ids.iter().map(|id| event(id, &channel(id), kind, NOW + n));
        told.extend(bench.commit(batch(NOW + n, events)).await);
    }
    assert_eq!(told.len(), 3 * ids.len());
    assert_eq!(bench.store.transitions_after(0, 1000).await.unwrap(), told);
    for id in &ids {
        let own = told.iter().filter(|row| row.transition.client_id == *id);
        let own: Vec<_> = own.cloned().collect();
        let history = bench.store.history(id, 0, u64::MAX, 100).await;
        assert_eq!(history.unwrap(), own, "{id:?}");
        let (_, newest) = bench.store.client(id).await.unwrap().unwrap();
        assert_eq!(newest.as_ref(), own.last(), "{id:?}");
    }
}

/// Ten rounds of a connect and its end, a second apart, for two clients.
async fn ten_rounds(bench: &Bench) -> Vec<Numbered> {
    let mut told = Vec::new();
    for round in 0..10u64 {
        let now = NOW + round * 1000;
        let events = ["a", "b"].map(|id| event(id, &format!("{round}"), Connect, now));
        told.extend(bench.commit(batch(now, events)).await);
        let events = ["a", "b"].map(|id| event(id, &format!("{round}"), Tcpclean, now + 1));
        told.extend(bench.commit(batch(now + 500, events)).await);
    }
    told.retain(|row| row.transition.client_id == "b");
    told
}

pub async fn history_is_cut_by_time_and_number(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let told = ten_rounds(&bench).await;
    assert_eq!(told.len(), 20);
    let store = &bench.store;
    assert_eq!(store.history("b", 0, u64::MAX, 100).await.unwrap(), told);
    assert_eq!(
        store.history("b", 0, u64::MAX, 3).await.unwrap(),
        told[17..]
    );
    // `from` belongs to the span, `to` does not.
    let cut = store.history("b", NOW + 1000, NOW + 2000, 100).await;
    assert_eq!(cut.unwrap(), told[2..4]);
    let cut = store.history("b", NOW + 1001, NOW + 2001, 100).await;
    assert_eq!(cut.unwrap(), told[3..5]);
    let cut = store.history("b", 0, NOW + 9000, 2).await;
    assert_eq!(cut.unwrap(), told[16..18]);
    assert_eq!(store.history("b", 0, u64::MAX, 0).await.unwrap(), []);
    assert_eq!(store.history("b", 5, 5, 10).await.unwrap(), []);
    assert_eq!(store.history("never", 0, u64::MAX, 10).await.unwrap(), []);
}

pub async fn history_keeps_a_bounded_number(open: Open) {
    let keep = Keep {
        history_rows: 8,
        ..Keep::default()
    };
    let bench = open(Options::default(), keep);
    let told = ten_rounds(&bench).await;
    let kept = bench.store.transitions_after(0, 100).await.unwrap();
    assert_eq!(ids(&kept), (33..=40).collect::<Vec<_>>());
    assert_eq!(bench.store.oldest_transition().await.unwrap(), 33);
    let history = bench.store.history("b", 0, u64::MAX, 100).await.unwrap();
    assert_eq!(history, told[16..]);
    assert_eq!(bench.store.stats(NOW).await.unwrap().last_transition, 40);
}

pub async fn history_keeps_a_bounded_age(open: Open) {
    let keep = Keep {
        history_age: DAY,
        ..Keep::default()
    };
    let bench = open(Options::default(), keep);
    ten_rounds(&bench).await;
    bench.store.forget(NOW + DAY).await.unwrap();
    assert_eq!(bench.store.oldest_transition().await.unwrap(), 1);
    bench.store.forget(NOW + DAY + 5000).await.unwrap();
    // Five rounds of two flips for two clients are older than a day.
    assert_eq!(bench.store.oldest_transition().await.unwrap(), 21);
    bench.store.forget(NOW + 3 * DAY).await.unwrap();
    assert_eq!(bench.store.oldest_transition().await.unwrap(), 0);
    // Numbers go on where they were.
    let next = bench
        .commit(batch(NOW, [event("c", "c", Connect, NOW)]))
        .await;
    assert_eq!(ids(&next), [41]);
    assert_eq!(bench.store.oldest_transition().await.unwrap(), 41);
    assert_eq!(
        ids(&bench.store.transitions_after(0, 9).await.unwrap()),
        [41]
    );
}
