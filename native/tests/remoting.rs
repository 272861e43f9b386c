//! The `remoting` source against real RocketMQ servers of both kinds.
#![recursion_limit = "512"]
#![cfg(feature = "remoting")]
#![allow(clippy::unwrap_used)]

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mqtt_presence::pipeline::{Delivery, Intake};
use mqtt_presence::source::remoting::{Config, Producer, Remoting};
use mqtt_presence::source::{Context, Health, Source};
use mqtt_presence::store::{Origin, Poison};
use mqtt_presence_core::event::{Event, Kind};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;
use xtask::rocketmq::{Cluster, StartOptions};

/// A running source and a pipeline that keeps what it commits.
struct Running {
    kept: Arc<Mutex<Kept>>,
    shutdown: CancellationToken,
    health: watch::Receiver<Health>,
    source: JoinHandle<()>,
    collector: JoinHandle<()>,
}

#[derive(Default)]
struct Kept {
    events: Vec<(Event, Origin)>,
    poison: Vec<Poison>,
    largest: usize,
}

fn run(config: &Config) -> Running {
    let (intake, receiver) = Intake::new(256);
    run_into(config, intake, receiver)
}

fn run_into(config: &Config, intake: Intake, mut receiver: mpsc::Receiver<Delivery>) -> Running {
    let kept = Arc::new(Mutex::new(Kept::default()));
    let shutdown = CancellationToken::new();
    let (sender, health) = watch::channel(Health::Starting);
    let context = Context {
        intake,
        shutdown: shutdown.clone(),
        health: sender,
    };
    let source: Box<dyn Source> = Box::new(Remoting::new(config.clone()));
    let source = tokio::spawn(async move { source.run(context).await.unwrap() });
    let keep = Arc::clone(&kept);
    let collector = tokio::spawn(async move {
        while let Some(mut delivery) = receiver.recv().await {
            let mut kept = keep.lock().unwrap();
            kept.largest = kept.largest.max(delivery.events.len());
            kept.events.append(&mut delivery.events);
            kept.poison.append(&mut delivery.poison);
            drop(kept);
            if let Some(committed) = delivery.committed.take() {
                let _ = committed.send(());
            }
        }
    });
    Running {
        kept,
        shutdown,
        health,
        source,
        collector,
    }
}

impl Running {
    async fn until(&self, what: &str, limit: u64, done: impl Fn(&Kept) -> bool) {
        let end = Instant::now() + Duration::from_secs(limit);
        while !done(&self.kept.lock().unwrap()) {
            let kept = self.kept.lock().unwrap().events.len();
            assert!(
                Instant::now() < end,
                "{what}: only {kept} events after {limit} s; {:?}",
                *self.health.borrow()
            );
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    async fn health(&mut self, limit: u64, wanted: impl Fn(&Health) -> bool) -> Health {
        let found =
            tokio::time::timeout(Duration::from_secs(limit), self.health.wait_for(wanted)).await;
        let found = found.ok().map(|health| health.unwrap().clone());
        found.unwrap_or_else(|| panic!("still {:?} after {limit} s", *self.health.borrow()))
    }

    async fn failing(&mut self, limit: u64, part: &str) -> String {
        let health = self
            .health(
                limit,
                |health| matches!(health, Health::Failing(sentence) if sentence.contains(part)),
            )
            .await;
        let Health::Failing(sentence) = health else {
            unreachable!()
        };
        println!("failing: {sentence}");
        sentence
    }

    async fn ready(&mut self, limit: u64) {
        self.health(limit, |health| *health == Health::Ready).await;
    }

    async fn stop(self) -> Kept {
        let begin = Instant::now();
        self.shutdown.cancel();
        tokio::time::timeout(Duration::from_secs(30), self.source)
            .await
            .expect("the source ends in time")
            .unwrap();
        println!("stopped in {:?}", begin.elapsed());
        self.collector.await.unwrap();
        std::mem::take(&mut *self.kept.lock().unwrap())
    }
}

fn events(prefix: &str, count: u64) -> Vec<Event> {
    (0..count)
        .map(|n| Event {
            client_id: format!("GID_{prefix}@@@{}", n % 1_000),
            channel_id: format!("{prefix}-{n}"),
            kind: [Kind::Connect, Kind::Disconnect, Kind::Tcpclean][n as usize % 3],
            time: 1_700_000_000_000 + n,
            client_ip: Some("10.0.0.1:5000".into()),
            extra: None,
        })
        .collect()
}

/// How often each channel of this prefix has arrived.
fn arrived(kept: &Kept, prefix: &str) -> HashMap<String, usize> {
    let mut times = HashMap::new();
    for (event, _) in &kept.events {
        if event.channel_id.starts_with(&format!("{prefix}-")) {
            *times.entry(event.channel_id.clone()).or_default() += 1;
        }
    }
    times
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}

/// Everything that both versions must do, on one cluster, one after another.
async fn both(version: &'static str) {
    let dir = tempfile::tempdir().unwrap();
    let options = StartOptions::new(version, dir.path()).topic("events", 8);
    let mut cluster = blocking(|| Cluster::start(options)).await.unwrap();
    let config = Config::new(cluster.namesrv(), "events", "GID_both");

    // All arrive, and say where they came from.
    let producer = Producer::start(&config).await.unwrap();
    let sent = events("a", 20_000);
    let begin = Instant::now();
    producer.send(&sent).await.unwrap();
    println!("{version}: sent 20,000 in {:?}", begin.elapsed());
    let mut running = run(&config);
    running
        .until("all sent", 60, |kept| arrived(kept, "a").len() == 20_000)
        .await;
    running.ready(30).await;
    producer.send_raw("connect", "x", "no json").await.unwrap();
    running
        .until("poison", 30, |kept| !kept.poison.is_empty())
        .await;
    let kept = running.stop().await;
    let mut by_channel: HashMap<_, _> = sent
        .iter()
        .map(|event| (event.channel_id.as_str(), event))
        .collect();
    let mut places = std::collections::HashSet::new();
    for (event, origin) in &kept.events {
        assert_eq!(origin.source, "remoting");
        assert_eq!(origin.topic.as_deref(), Some("events"));
        assert!(origin.queue.unwrap() < 8);
        assert!(
            origin.message_id.as_ref().is_some_and(|id| id.len() == 32),
            "{origin:?}"
        );
        places.insert((origin.queue, origin.offset.unwrap()));
        if let Some(wanted) = by_channel.remove(event.channel_id.as_str()) {
            assert_eq!(event, wanted);
        }
    }
    assert_eq!(
        places.len(),
        kept.events.len(),
        "every message has a place of its own"
    );
    let ids: std::collections::HashSet<_> = kept
        .events
        .iter()
        .map(|(_, origin)| &origin.message_id)
        .collect();
    assert_eq!(ids.len(), 20_000);
    assert!(kept.largest <= 32 && kept.largest > 1, "{}", kept.largest);
    assert_eq!(
        (kept.poison.len(), kept.poison[0].raw.as_slice()),
        (1, &b"no json"[..])
    );

    // What was acknowledged does not come again; what was not, does.
    producer.send(&events("b", 500)).await.unwrap();
    let (intake, receiver) = Intake::new(1);
    drop(receiver);
    let (_, unused) = Intake::new(1);
    let refusing = run_into(&config, intake, unused);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(refusing.stop().await.events.is_empty());
    let running = run(&config);
    running
        .until("what was not acknowledged", 90, |kept| {
            arrived(kept, "b").len() == 500
        })
        .await;
    assert!(arrived(&running.kept.lock().unwrap(), "a").is_empty());

    // The broker is killed and started again under way.
    let half = events("c", 10_000);
    producer.send(&half[..5_000]).await.unwrap();
    running
        .until("before the kill", 30, |kept| !arrived(kept, "c").is_empty())
        .await;
    let mut cluster = blocking(move || {
        cluster.kill_broker();
        cluster
    })
    .await;
    let begin = Instant::now();
    let mut running = running;
    running.failing(60, "127.0.0.1").await;
    println!(
        "{version}: loss of the broker noticed after {:?}",
        begin.elapsed()
    );
    let cluster = blocking(move || {
        cluster.start_broker().unwrap();
        cluster
    })
    .await;
    let begin = Instant::now();
    producer.send(&half[5_000..]).await.unwrap();
    running
        .until("after the kill", 120, |kept| {
            arrived(kept, "c").len() == 10_000
        })
        .await;
    running.ready(60).await;
    println!(
        "{version}: all there {:?} after the broker was back",
        begin.elapsed()
    );
    running.stop().await;
    producer.shutdown().await;
    drop(cluster);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn version_4() {
    both("4.9.7").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn version_5() {
    both("5.3.3").await;
}
