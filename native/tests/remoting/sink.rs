//! Transitions as messages, read again by the source: they are no notices, so
//! they come as rejected records with bytes, queue and offset.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mqtt_presence::config::{Input, load};
use mqtt_presence::sink;
use mqtt_presence::source::remoting::Config;
use mqtt_presence::store::{Batch, Keep, Memory, Origin, Store};
use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::Options;
use serde_json::Value;
use tokio_util::sync::CancellationToken;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::harness::{blocking, run};

const TOPIC: &str = "transitions";
const CLIENTS: u64 = 50;
const ROUNDS: u64 = 6;

/// Every client goes online and offline again.
fn round(number: u64) -> Batch {
    let event = |client: u64, kind| Event {
        client_id: format!("GID_x@@@{client}"),
        channel_id: format!("{client}-{number}"),
        kind,
        time: 1_700_000_000_000 + number,
        client_ip: None,
        extra: None,
    };
    let both = (0..CLIENTS)
        .flat_map(|client| [event(client, Kind::Connect), event(client, Kind::Tcpclean)]);
    Batch {
        events: both.map(|event| (event, Origin::default())).collect(),
        now: 1_700_000_000_000 + number,
        ..Batch::default()
    }
}

pub async fn keeps_the_order_of_a_client(version: &'static str) {
    let scratch = tempfile::tempdir().unwrap();
    let options = StartOptions::new(version, scratch.path().join("rocketmq"))
        .topic(TOPIC, 4)
        .group("GID_reader");
    let cluster = blocking(|| Cluster::start(options).unwrap()).await;

    let flag = |key: &str, value: &str| {
        let key = format!("sink.0.{key}");
        ("--set".to_owned(), key, value.to_owned())
    };
    let config = load(&Input {
        flags: vec![
            flag("kind", "rocketmq"),
            flag("name", "topic"),
            flag("namesrv", cluster.namesrv()),
            flag("topic", TOPIC),
            flag("batch", "40"),
        ],
        ..Input::default()
    })
    .unwrap();
    let store: Arc<dyn Store> = Arc::new(Memory::new(Options::default(), Keep::default()));
    let sinks = sink::open(&config, &store).await.unwrap();
    let shutdown = CancellationToken::new();
    let tasks = sink::start(&sinks, &shutdown);
    for number in 0..ROUNDS {
        store.commit(Arc::new(round(number))).await.unwrap();
    }

    let all = CLIENTS * ROUNDS * 2;
    let reader = run(&Config {
        tags: "online||offline".to_owned(),
        ..Config::new(cluster.namesrv(), TOPIC, "GID_reader")
    });
    reader
        .until("all transitions", 90, |kept| {
            kept.poison.len() as u64 >= all
        })
        .await;
    let kept = reader.stop().await;
    let mut of_client: BTreeMap<String, Vec<(u32, u64, Value)>> = BTreeMap::new();
    for record in kept.poison {
        let transition: Value = serde_json::from_slice(&record.raw).unwrap();
        let client = transition["clientId"].as_str().unwrap().to_owned();
        let place = (record.origin.queue.unwrap(), record.origin.offset.unwrap());
        let messages = of_client.entry(client).or_default();
        messages.push((place.0, place.1, transition));
    }
    assert_eq!(of_client.len() as u64, CLIENTS);
    let mut queues = BTreeSet::new();
    for (client, mut messages) in of_client {
        messages.sort_by_key(|(queue, offset, _)| (*queue, *offset));
        // A message that was read twice has one place.
        messages.dedup_by_key(|(queue, offset, _)| (*queue, *offset));
        assert_eq!(
            messages[0].0,
            messages[messages.len() - 1].0,
            "{client} has one queue"
        );
        queues.insert(messages[0].0);
        // One that was sent twice, as its answer was late, follows the first.
        let mut sent = BTreeSet::new();
        messages.retain(|(_, _, one)| sent.insert(one["id"].as_u64()));
        let ids: Vec<u64> = messages
            .iter()
            .map(|(_, _, one)| one["id"].as_u64().unwrap())
            .collect();
        assert_eq!(ids.len() as u64, ROUNDS * 2, "{client}: {ids:?}");
        assert!(ids.is_sorted(), "{client}: {ids:?}");
        let online = messages.iter().map(|(_, _, one)| one["online"] == true);
        assert!(online.eq((0..ROUNDS * 2).map(|n| n % 2 == 0)), "{client}");
    }
    assert!(queues.len() > 1, "all clients have one queue");
    assert_eq!(sinks[0].state().await.unwrap().place, all);
    shutdown.cancel();
    tasks.wait().await;
}
