//! How many messages wait, while the store stands still and after.

use std::time::{Duration, Instant};

use mqtt_presence::source::remoting::{Config, Producer};
use serde_json::Value;
use xtask::redis::Server;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::harness::{blocking, events};
use crate::support::Service;

const EVENTS: u64 = 30_000;
const QUEUES: usize = 4;

struct Lagging(Service);

impl Lagging {
    fn start(namesrv: &str, redis: &str) -> Lagging {
        let settings = [
            "--store".to_owned(),
            "redis".to_owned(),
            format!("--set=store.url={redis}"),
            "--set=source.0.kind=remoting".to_owned(),
            format!("--set=source.0.namesrv={namesrv}"),
            "--set=source.0.topic=events".to_owned(),
            "--set=source.0.group=GID_lag".to_owned(),
        ];
        Lagging(Service::start(&settings.each_ref().map(String::as_str)))
    }

    /// What waits, by queue, as the metrics have it.
    fn waiting(&self) -> Vec<u64> {
        let text = self.0.get("/metrics").text;
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
    let service = Lagging::start(cluster.namesrv(), &redis.url());
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
    let answer = service.0.get("/v1/stats");
    assert_eq!(answer.status, 200);
    let stats = answer.json;
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
