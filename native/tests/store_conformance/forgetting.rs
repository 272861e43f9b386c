//! Retention of channels.

use mqtt_presence::store::Keep;
use mqtt_presence_core::event::Kind::{Connect, Disconnect, Tcpclean};
use mqtt_presence_core::presence::{ChannelState, Options, Status};

use crate::Open;
use crate::fleet::{NOW, batch, event};

const RETENTION: u64 = 10_000;

fn options() -> Options {
    Options {
        retention: RETENTION,
        ..Options::default()
    }
}

pub async fn forgets_as_the_rule_does(open: Open) {
    let bench = open(options(), Keep::default());
    let id = |n: u64| format!("client {n:05}");
    // More clients than one step of the sweep changes.
    let connects = (0..2500).map(|n| event(&id(n), "c", Connect, NOW - 9));
    bench.commit(batch(NOW, connects)).await;
    let closed = (0..2400).map(|n| event(&id(n), "c", Tcpclean, NOW - 5));
    bench.commit(batch(NOW, closed)).await;
    let orphans = (0..300).map(|n| event(&id(n), "d", Disconnect, NOW - 5));
    bench.commit(batch(NOW + 1, orphans)).await;

    assert_eq!(bench.store.forget(NOW + RETENTION).await.unwrap(), 0);
    assert_eq!(bench.store.forget(NOW + RETENTION + 1).await.unwrap(), 2400);
    let stats = bench.store.stats(NOW).await.unwrap();
    assert_eq!((stats.clients, stats.online), (2500, 100));
    let channels: Vec<_> = stats.channels.iter().filter(|(_, n)| *n > 0).collect();
    assert_eq!(
        channels,
        [&(ChannelState::Live, 100), &(ChannelState::Orphan, 300)]
    );
    assert_eq!(bench.store.forget(NOW + 2 * RETENTION).await.unwrap(), 300);
    assert_eq!(bench.store.forget(NOW + 9 * RETENTION).await.unwrap(), 0);

    // The last state outlives the channels, and so does history.
    let first = [id(0), id(2450)];
    let clients = bench.store.clients(&first).await.unwrap();
    let gone = clients[0].as_ref().unwrap();
    assert!(gone.channels.is_empty());
    assert!(!gone.last.unwrap().online);
    assert_eq!(clients[1].as_ref().unwrap().channels.len(), 1);
    let history = bench.store.history(&id(0), 0, u64::MAX, 9).await.unwrap();
    assert_eq!(history.len(), 2);
}

pub async fn a_redelivery_after_forgetting_brings_nobody_back(open: Open) {
    let bench = open(options(), Keep::default());
    let connect = event("a", "c", Connect, NOW - 9);
    let close = event("a", "c", Tcpclean, NOW - 5);
    bench
        .commit(batch(NOW, [connect.clone(), close.clone()]))
        .await;
    // Within the retention a repeated connect finds its channel closed.
    assert_eq!(bench.commit(batch(NOW + 1, [connect])).await, []);
    assert_eq!(bench.store.forget(NOW + 3 * RETENTION).await.unwrap(), 1);
    // After it a repeated closing is an orphan.
    assert_eq!(bench.commit(batch(NOW + 3 * RETENTION, [close])).await, []);
    let client = bench.store.clients(&["a".to_owned()]).await.unwrap();
    let status = client[0].as_ref().unwrap().status(&options(), NOW);
    assert_eq!(status, Status::Offline);
    assert_eq!(bench.store.stats(NOW).await.unwrap().online, 0);
}
