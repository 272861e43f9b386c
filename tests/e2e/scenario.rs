//! One bad day, whatever the source and the version of the server.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mqtt_presence::source::remoting::{Config, Producer};
use mqtt_presence::store::{Selection, Sqlite, SqliteSettings, Store};
use mqtt_presence_core::event::Kind;
use mqtt_presence_core::presence::{Channel, Client, Options, Presence};
use rusqlite::Connection;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use xtask::http;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::messages::{self, POISON};
use crate::service::Service;

const TOPIC: &str = "notices";
const GROUP: &str = "GID_e2e";

/// Which way the messages come.
#[derive(Clone, Copy)]
pub enum Source {
    Remoting,
    Grpc,
}

/// Sends a fleet's events with poison among them while the service is killed
/// three times, the broker once, and the store cannot be written for a while.
pub fn run(source: Source, version: &str) {
    let scratch = tempfile::tempdir().unwrap();
    let mut cluster = Cluster::start(
        StartOptions::new(version, scratch.path().join("rocketmq"))
            .topic(TOPIC, 8)
            .group(GROUP),
    )
    .unwrap();
    let port = http::free_port(0).unwrap();
    let config = configure(source, &cluster, scratch.path(), port);
    let store = scratch.path().join("presence.sqlite");
    let mut service = Service::start(config, port);
    // A group that is new to gRPC starts at the end of each queue.
    service.wait(true, Duration::from_secs(60));

    let events = messages::events();
    let expected = messages::evaluate(&events);
    let poison = messages::poison();
    let runtime = Runtime::new().unwrap();
    let producer = runtime
        .block_on(Producer::start(&Config::new(
            cluster.namesrv(),
            TOPIC,
            "GID_producer",
        )))
        .unwrap();
    let tenth = |index: usize| {
        let part = |all: usize| all / 10 * index..all / 10 * (index + 1);
        runtime.block_on(async {
            producer.send(&events[part(events.len())]).await.unwrap();
            for body in &poison[part(poison.len())] {
                producer
                    .send_raw("connect", "poison", body.clone())
                    .await
                    .unwrap();
            }
        });
    };
    for index in 0..9 {
        tenth(index);
        match index {
            1 | 4 => {
                // Somewhere in the middle of it.
                service.until(
                    "some of it is stored",
                    Duration::from_secs(120),
                    |service| service.get("/v1/stats")["clients"].as_u64() > Some(0),
                );
                service.kill();
                service.start_again();
            }
            6 => {
                cluster.kill_broker();
                cluster.start_broker().unwrap();
            }
            _ => {}
        }
    }
    service.wait(true, Duration::from_secs(120));

    // Another writer holds the file: nothing can be committed.
    let lock = Connection::open(&store).unwrap();
    lock.execute_batch("BEGIN IMMEDIATE").unwrap();
    tenth(9);
    service.wait(false, Duration::from_secs(60));
    if let Source::Remoting = source {
        nothing_is_acknowledged(&cluster, events.len() + POISON);
    }
    service.kill();
    lock.execute_batch("ROLLBACK").unwrap();
    drop(lock);
    service.start_again();
    runtime.block_on(producer.shutdown());

    let end = Instant::now() + Duration::from_secs(300);
    loop {
        service.until(
            "every client and channel is counted",
            Duration::from_secs(240),
            |service| counts(&service.get("/v1/stats")) == counts_of(&expected),
        );
        // What the counts do not show, such as a second closing, may still be
        // out: a message of a killed consumer comes again after a while.
        service.stop();
        let different = runtime.block_on(differences(&store, &expected));
        if different.is_empty() {
            break;
        }
        assert!(
            Instant::now() < end,
            "{} clients differ: {:#?}",
            different.len(),
            &different[..1]
        );
        service.start_again();
        std::thread::sleep(Duration::from_secs(10));
    }
}

/// The offsets of the group stand still, over more than the 5 s in which a
/// consumer stores them, and short of what was sent.
fn nothing_is_acknowledged(cluster: &Cluster, sent: usize) {
    let (before, progress) = acknowledged(cluster);
    assert!(before < sent as u64, "messages wait:\n{progress}");
    std::thread::sleep(Duration::from_secs(6));
    let (after, progress) = acknowledged(cluster);
    assert_eq!(
        after, before,
        "an offset moved while nothing could be stored:\n{progress}"
    );
}

/// The sum of the group's offsets. A broker that was killed may list no queue
/// of the topic until the group stores an offset again: then it is 0.
fn acknowledged(cluster: &Cluster) -> (u64, String) {
    let progress = cluster.admin(&["consumerProgress", "-g", GROUP]).unwrap();
    // Topic, broker, queue, its end, the group's offset.
    let offsets = progress.lines().filter_map(|line| {
        let mut columns = line.split_whitespace();
        columns.next().filter(|topic| *topic == TOPIC)?;
        Some(columns.nth(3)?.parse::<u64>().expect(&progress))
    });
    (offsets.sum(), progress)
}

fn counts(stats: &Value) -> Value {
    json!([
        stats["clients"],
        stats["online"],
        stats["quarantined"],
        stats["channels"]
    ])
}

fn counts_of(expected: &Presence) -> Value {
    let stats = expected.stats(1);
    json!([stats.clients, stats.online, POISON, stats.channels])
}

/// Clients whose stored channels are not those of the evaluation in memory.
/// Where a fact came from is left out: a message has an id, an event has none.
async fn differences(store: &Path, expected: &Presence) -> Vec<String> {
    let stored = Sqlite::open(SqliteSettings::new(store), Options::default()).unwrap();
    let mut different = Vec::new();
    let mut seen = 0;
    let mut selection = Selection {
        status: None,
        prefix: String::new(),
        after: None,
        limit: 1_000,
    };
    loop {
        let page = stored.list(&selection, 1).await.unwrap();
        let Some((last, _)) = page.last() else { break };
        selection.after = Some(last.clone());
        seen += page.len();
        for (id, client) in page {
            let wanted = expected.client(&id).map(|client| facts(&client));
            if wanted.as_ref() != Some(&facts(&client)) {
                different.push(format!(
                    "{id}: stored {:?}, expected {wanted:?}",
                    facts(&client)
                ));
            }
        }
    }
    if seen != expected.iter().count() {
        different.push(format!("{seen} clients are stored"));
    }
    different
}

type Facts = [Option<(u64, Option<String>)>; 3];

fn facts(client: &Client) -> BTreeMap<String, Facts> {
    let facts = |channel: &Channel| {
        [Kind::Connect, Kind::Disconnect, Kind::Tcpclean].map(|kind| {
            let fact = channel.slot(kind)?;
            Some((fact.time, fact.client_ip.clone()))
        })
    };
    let channels = client.channels.iter();
    channels
        .map(|(id, channel)| (id.clone(), facts(channel)))
        .collect()
}

fn configure(source: Source, cluster: &Cluster, folder: &Path, port: u16) -> PathBuf {
    let source = match source {
        Source::Remoting => format!("kind = \"remoting\"\nnamesrv = [{:?}]", cluster.namesrv()),
        Source::Grpc => format!(
            "kind = \"grpc\"\nendpoint = {:?}",
            cluster.grpc_endpoint().unwrap()
        ),
    };
    let store = folder.join("presence.sqlite");
    let path = folder.join("mqtt-presence.toml");
    let text = format!(
        "[store]\nkind = \"sqlite\"\npath = {store:?}\n\n[api]\nbind = \"127.0.0.1:{port}\"\n\n\
         [[source]]\n{source}\ntopic = \"{TOPIC}\"\ngroup = \"{GROUP}\"\n"
    );
    std::fs::write(&path, text).unwrap();
    path
}
