//! The quarantine and the checkpoints.

use mqtt_presence::store::{Batch, Keep, Origin, Poison};
use mqtt_presence_core::event::Kind::Connect;
use mqtt_presence_core::presence::Options;

use crate::Open;
use crate::fleet::{NOW, event, origin};

fn poison(message: Option<u64>, raw: &[u8]) -> Poison {
    Poison {
        origin: message.map_or_else(Origin::default, origin),
        code: "missing_field".to_owned(),
        field: Some("clientId".to_owned()),
        message: "`clientId` is missing".to_owned(),
        raw: raw.to_vec(),
    }
}

fn batch(now: u64, poison: Vec<Poison>) -> Batch {
    Batch {
        poison,
        now,
        ..Batch::default()
    }
}

pub async fn rejected_records_are_kept_whole(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let whole = Poison {
        field: None,
        message: "`\u{0}日本` is no JSON".to_owned(),
        ..poison(Some(7), b"\xff\x00{\x80")
    };
    let records = vec![whole.clone(), poison(None, b""), poison(None, b"")];
    bench.commit(batch(NOW, records)).await;
    bench
        .commit(batch(NOW + 1, vec![poison(Some(8), b"x")]))
        .await;
    let kept = bench.store.quarantine(0, 10).await.unwrap();
    let ids: Vec<_> = kept.iter().map(|record| record.id).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    assert_eq!(kept[0].poison, whole);
    assert_eq!((kept[0].at, kept[3].at), (NOW, NOW + 1));
    assert_eq!(bench.store.quarantine(1, 2).await.unwrap(), kept[1..3]);
    assert_eq!(bench.store.quarantine(4, 2).await.unwrap(), []);
    assert_eq!(bench.store.quarantine(u64::MAX, 2).await.unwrap(), []);
    assert_eq!(bench.store.stats(NOW).await.unwrap().quarantined, 4);
}

pub async fn quarantine_is_bounded(open: Open) {
    let keep = Keep {
        quarantine_rows: 5,
        quarantine_bytes: 100,
        ..Keep::default()
    };
    let bench = open(Options::default(), keep);
    let ids = async || {
        let kept = bench.store.quarantine(0, 100).await.unwrap();
        let stats = bench.store.stats(NOW).await.unwrap();
        assert_eq!(stats.quarantined, kept.len() as u64);
        let ids: Vec<_> = kept.iter().map(|record| record.id).collect();
        (ids, stats.quarantine_dropped)
    };
    let eight = (0..8).map(|n| poison(Some(n), b"x")).collect();
    bench.commit(batch(NOW, eight)).await;
    assert_eq!(ids().await, (vec![4, 5, 6, 7, 8], 3));
    bench
        .commit(batch(NOW, vec![poison(Some(9), &[b'x'; 98])]))
        .await;
    assert_eq!(ids().await, (vec![7, 8, 9], 6));
    bench
        .commit(batch(NOW, vec![poison(Some(10), b"xyz")]))
        .await;
    assert_eq!(ids().await, (vec![10], 9));
}

pub async fn a_redelivered_rejection_is_kept_once(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let first = vec![poison(Some(1), b"x"), poison(Some(2), b"x")];
    bench.commit(batch(NOW, first.clone())).await;
    bench.commit(batch(NOW + 1, first)).await;
    bench
        .commit(batch(NOW + 2, vec![poison(Some(1), b"y")]))
        .await;
    let kept = bench.store.quarantine(0, 10).await.unwrap();
    let at: Vec<_> = kept.iter().map(|record| (record.id, record.at)).collect();
    assert_eq!(at, [(1, NOW), (2, NOW), (3, NOW + 2)]);
}

pub async fn released_records_leave_with_their_batch(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let three = (1..=3).map(|n| poison(Some(n), b"xyz")).collect();
    bench.commit(batch(NOW, three)).await;
    let events = [event("a", "1", Connect, NOW)];
    let released = Batch {
        // One that never was, and one twice, are no error.
        released: vec![2, 7, 2],
        ..crate::fleet::batch(NOW + 1, events)
    };
    assert_eq!(bench.commit(released).await.len(), 1);
    let nothing_else = Batch {
        released: vec![1, 2],
        ..batch(NOW + 2, Vec::new())
    };
    assert_eq!(bench.commit(nothing_else).await, []);
    let kept = bench.store.quarantine(0, 10).await.unwrap();
    let ids: Vec<_> = kept.iter().map(|record| record.id).collect();
    assert_eq!(ids, [3]);
    let stats = bench.store.stats(NOW).await.unwrap();
    assert_eq!((stats.quarantined, stats.quarantine_dropped), (1, 0));
    // It may come again, under a new number; one that stayed may not.
    let again = vec![poison(Some(2), b"xyz"), poison(Some(3), b"xyz")];
    bench.commit(batch(NOW + 3, again)).await;
    let kept = bench.store.quarantine(0, 10).await.unwrap();
    let ids: Vec<_> = kept.iter().map(|record| record.id).collect();
    assert_eq!(ids, [3, 4]);
}

pub async fn checkpoints_go_with_their_batch(open: Open) {
    let bench = open(Options::default(), Keep::default());
    assert_eq!(bench.store.checkpoint("a").await.unwrap(), None);
    for n in 0..3 {
        let checkpoints = [("a", n), ("b%", 10 + n)];
        let batch = Batch {
            checkpoints: checkpoints
                .map(|(key, value)| (key.to_owned(), value.to_string()))
                .to_vec(),
            now: NOW,
            ..Batch::default()
        };
        bench.commit(batch).await;
    }
    let value = async |key| bench.store.checkpoint(key).await.unwrap();
    assert_eq!(value("a").await.as_deref(), Some("2"));
    assert_eq!(value("b%").await.as_deref(), Some("12"));
    assert_eq!(value("b_").await, None);
}
