//! How many messages wait, while the store stands still and after.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use mqtt_presence::source::remoting::{Config, Producer};
use serde_json::Value;
use xtask::child::Watched;
use xtask::http;
use xtask::redis::Server;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::harness::{blocking, events};

const EVENTS: u64 = 30_000;
const QUEUES: usize = 4;

struct Service {
    _child: Watched,
    port: u16,
}

impl Service {
    fn start(namesrv: &str, redis: &str) -> Service {
        let port = http::free_port(0).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mqtt-presence"));
        command.args(["serve", "--store", "redis", "--bind"]);
        command.arg(format!("127.0.0.1:{port}"));
        for set in [
            format!("store.url={redis}"),
            "source.0.kind=remoting".to_owned(),
            format!("source.0.namesrv={namesrv}"),
            "source.0.topic=events".to_owned(),
            "source.0.group=GID_lag".to_owned(),
        ] {
            command.args(["--set", &set]);
        }
        let child = Watched::start(command.stderr(Stdio::null())).unwrap();
        Service {
            _child: child,
            port,
        }
    }

    /// What waits, by queue, as the metrics have it.
    fn waiting(&self) -> Vec<u64> {
        let Ok((200, text)) = http::get(self.port, "/metrics") else {
            return Vec::new();
        };
        text.lines()
            .filter(|line| {
                line.starts_with(
                    "mqtt_presence_source_lag_messages{source=\"remoting\",topic=\"events\",queue=\"broker-a:",
                )
            })
            .map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
            .collect()
    }

    async fn until(&self, what: &str, limit: u64, done: impl Fn(&[u64]) -> bool) {
        let end = Instant::now() + Duration::from_secs(limit);
        loop {
            let waiting = self.waiting();
            if done(&waiting) {
                println!("{what}: {waiting:?}");
                return;
            }
            assert!(Instant::now() < end, "{what}: still {waiting:?}");
            tokio::time::sleep(Duration::from_millis(200)).await;
        }
    }
}

pub async fn grows_and_goes(version: &'static str) {
    let dir = tempfile::tempdir().unwrap();
    let options = StartOptions::new(version, dir.path()).topic("events", QUEUES as u32);
    let cluster = blocking(|| Cluster::start(options)).await.unwrap();
    let folder = dir.path().join("redis");
    let redis = Server::start(&folder, &["--appendonly", "yes"]).unwrap();
    let producer = Producer::start(&Config::new(cluster.namesrv(), "events", "GID_writer"))
        .await
        .unwrap();
    let service = Service::start(cluster.namesrv(), &redis.url());
    let empty = |waiting: &[u64]| waiting.len() == QUEUES && waiting.iter().all(|n| *n == 0);
    service.until("at the start", 90, empty).await;

    // More than the client takes in before it stops to ask for messages.
    redis.signal("STOP").unwrap();
    producer.send(&events("a", EVENTS)).await.unwrap();
    service
        .until("while the store stands still", 60, |waiting| {
            waiting.iter().sum::<u64>() == EVENTS
        })
        .await;

    redis.signal("CONT").unwrap();
    service.until("after it went on", 90, empty).await;
    let (status, text) = http::get(service.port, "/v1/stats").unwrap();
    assert_eq!(status, 200);
    let stats: Value = serde_json::from_str(&text).unwrap();
    let told = stats["sourceLag"].as_array().unwrap();
    assert_eq!(told.len(), QUEUES, "{stats}");
    for (id, queue) in told.iter().enumerate() {
        assert_eq!(queue["queue"], format!("broker-a:{id}"));
        assert_eq!(queue["topic"], "events");
        assert_eq!(queue["messages"], 0);
    }
    let accepted = stats["records"]["accepted"].as_object().unwrap();
    let accepted: u64 = accepted.values().filter_map(Value::as_u64).sum();
    assert!(accepted >= EVENTS, "{stats}");
    producer.shutdown().await;
}
