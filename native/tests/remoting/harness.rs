//! A source that runs, and a pipeline that keeps what it commits.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mqtt_presence::pipeline::{Delivery, Intake};
use mqtt_presence::source::remoting::{Config, Remoting};
use mqtt_presence::source::{Context, Health, Source};
use mqtt_presence::store::{Origin, Poison};
use mqtt_presence_core::event::{Event, Kind};
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A running source and a pipeline that keeps what it commits.
pub struct Running {
    pub kept: Arc<Mutex<Kept>>,
    shutdown: CancellationToken,
    pub health: watch::Receiver<Health>,
    source: JoinHandle<()>,
    collector: JoinHandle<()>,
}

#[derive(Default)]
pub struct Kept {
    pub events: Vec<(Event, Origin)>,
    pub poison: Vec<Poison>,
    pub largest: usize,
}

pub fn run(config: &Config) -> Running {
    let (intake, receiver) = Intake::new(256);
    run_into(config, intake, receiver)
}

pub fn run_into(config: &Config, intake: Intake, receiver: mpsc::Receiver<Delivery>) -> Running {
    let open = Arc::new(Notify::new());
    open.notify_one();
    run_gated(config, intake, receiver, open)
}

/// Commits nothing until the gate is opened.
pub fn run_gated(
    config: &Config,
    intake: Intake,
    mut receiver: mpsc::Receiver<Delivery>,
    gate: Arc<Notify>,
) -> Running {
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
        gate.notified().await;
        while let Some(mut delivery) = receiver.recv().await {
            let mut kept = keep.lock().unwrap();
            kept.largest = kept.largest.max(delivery.events.len());
            kept.events.append(&mut delivery.events);
            kept.poison.append(&mut delivery.poison);
            drop(kept);
            if let Some(committed) = delivery.committed.take() {
                committed.call();
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
    pub async fn until(&self, what: &str, limit: u64, done: impl Fn(&Kept) -> bool) {
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

    pub async fn health(&mut self, limit: u64, wanted: impl Fn(&Health) -> bool) -> Health {
        let found =
            tokio::time::timeout(Duration::from_secs(limit), self.health.wait_for(wanted)).await;
        let found = found.ok().map(|health| health.unwrap().clone());
        found.unwrap_or_else(|| panic!("still {:?} after {limit} s", *self.health.borrow()))
    }

    pub async fn failing(&mut self, limit: u64, part: &str) -> String {
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

    pub async fn ready(&mut self, limit: u64) {
        self.health(limit, |health| *health == Health::Ready).await;
    }

    /// Ends the pipeline, whatever waits for it, and then the source.
    pub async fn abandon(self) {
        self.collector.abort();
        let _ = self.collector.await;
        tokio::time::sleep(Duration::from_secs(2)).await;
        self.shutdown.cancel();
        tokio::time::timeout(Duration::from_secs(30), self.source)
            .await
            .expect("the source ends in time")
            .unwrap();
    }

    pub async fn stop(self) -> Kept {
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

pub fn events(prefix: &str, count: u64) -> Vec<Event> {
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
pub fn arrived(kept: &Kept, prefix: &str) -> HashMap<String, usize> {
    let mut times = HashMap::new();
    for (event, _) in &kept.events {
        if event.channel_id.starts_with(&format!("{prefix}-")) {
            *times.entry(event.channel_id.clone()).or_default() += 1;
        }
    }
    times
}

/// The smallest offset of each queue.
pub fn starts(kept: &Kept) -> HashMap<u32, u64> {
    by_queue(kept, u64::min)
}

/// The largest offset of each queue.
pub fn ends(kept: &Kept) -> HashMap<u32, u64> {
    by_queue(kept, u64::max)
}

fn by_queue(kept: &Kept, choose: impl Fn(u64, u64) -> u64) -> HashMap<u32, u64> {
    let mut offsets = HashMap::new();
    for (_, origin) in &kept.events {
        let offset = origin.offset.unwrap();
        let chosen = offsets.entry(origin.queue.unwrap()).or_insert(offset);
        *chosen = choose(*chosen, offset);
    }
    offsets
}

pub async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    tokio::task::spawn_blocking(work).await.unwrap()
}
