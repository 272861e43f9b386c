//! One bad day, whatever the source and the version of the server.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use mqtt_presence::store::{Sqlite, SqliteSettings};
use mqtt_presence_core::presence::Options;
use rusqlite::Connection;
use tokio::runtime::Runtime;
use xtask::http;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::messages::{self, CLIENTS, EVENTS, POISON};
use crate::service::Service;
use crate::state::{counts, counts_of, differences};

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

    let events = messages::events(CLIENTS, EVENTS);
    let expected = messages::evaluate(&events);
    let poison = messages::poison();
    let runtime = Runtime::new().unwrap();
    let producer = runtime.block_on(messages::producer(cluster.namesrv(), TOPIC));
    let tenth = |index: usize| {
        let part = |all: usize| all / 10 * index..all / 10 * (index + 1);
        runtime.block_on(async {
            producer.send(&events[part(events.len())]).await.unwrap();
            messages::send_poison(&producer, &poison[part(poison.len())]).await;
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
        service.until_stats(
            "every client and channel is counted",
            Duration::from_secs(180),
            |stats| counts(stats, POISON) == counts_of(&expected, POISON),
        );
        // What the counts do not show, such as a second closing, may still be
        // out: a message of a killed consumer comes again after a while.
        service.stop();
        let stored = Sqlite::open(SqliteSettings::new(&store), Options::default()).unwrap();
        let different = runtime.block_on(differences(&stored, &expected)).unwrap();
        drop(stored);
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

/// The offsets of the group come to stand, and short of what was sent. A
/// consumer first stores them 10 s after its start, and then every 5 s.
fn nothing_is_acknowledged(cluster: &Cluster, sent: usize) {
    let end = Instant::now() + Duration::from_secs(60);
    let (mut before, _) = acknowledged(cluster);
    loop {
        std::thread::sleep(Duration::from_secs(11));
        let (after, progress) = acknowledged(cluster);
        assert!(after < sent as u64, "nothing is left to wait:\n{progress}");
        if after == before {
            return;
        }
        assert!(
            Instant::now() < end,
            "an offset still moves while nothing can be stored:\n{progress}"
        );
        before = after;
    }
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
