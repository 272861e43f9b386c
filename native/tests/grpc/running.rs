//! The source at work, with a pipeline that only counts.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use mqtt_presence::pipeline::Intake;
use mqtt_presence::source::grpc::{Config, Grpc};
use mqtt_presence::source::{Context, Health, Source, SourceError};
use mqtt_presence::store::Poison;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

/// A source, what it delivered, and the switch that commits it.
pub struct Running {
    pub health: watch::Receiver<Health>,
    /// Off: deliveries are dropped uncommitted.
    pub commits: Arc<AtomicBool>,
    pub seen: Arc<Mutex<Seen>>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<(), SourceError>>,
}

/// What was delivered.
#[derive(Default)]
pub struct Seen {
    /// How often each channel came.
    pub channels: HashMap<String, usize>,
    pub poison: Vec<Poison>,
    pub first: Option<Instant>,
}

impl Running {
    pub fn start(config: Config) -> Running {
        let (intake, mut deliveries) = Intake::new(16);
        let (sender, health) = watch::channel(Health::Starting);
        let shutdown = CancellationToken::new();
        let context = Context {
            intake,
            shutdown: shutdown.clone(),
            health: sender,
        };
        let commits = Arc::new(AtomicBool::new(true));
        let seen = Arc::new(Mutex::new(Seen::default()));
        let (commit, shared) = (commits.clone(), seen.clone());
        tokio::spawn(async move {
            while let Some(delivery) = deliveries.recv().await {
                let mut seen = shared.lock().unwrap();
                seen.first.get_or_insert_with(Instant::now);
                for (event, origin) in delivery.events {
                    assert!(origin.message_id.is_some() && origin.topic.is_some());
                    *seen.channels.entry(event.channel_id).or_default() += 1;
                }
                seen.poison.extend(delivery.poison);
                if commit.load(Ordering::Relaxed) {
                    delivery.committed.unwrap().call();
                }
            }
        });
        let task = tokio::spawn(Box::new(Grpc::new(config)).run(context));
        Running {
            health,
            commits,
            seen,
            shutdown,
            task,
        }
    }

    /// Waits for a health like this, and answers it.
    pub async fn until(&mut self, within: Duration, like: impl Fn(&Health) -> bool) -> Health {
        let found = tokio::time::timeout(within, self.health.wait_for(like)).await;
        let found = found.map(|health| health.unwrap().clone());
        found.unwrap_or_else(|_| panic!("after {within:?} it is {:?}", self.health.borrow()))
    }

    pub async fn until_ready(&mut self) {
        self.until(Duration::from_secs(60), |health| *health == Health::Ready)
            .await;
    }

    /// Waits for a failure and answers its sentence.
    pub async fn until_failing(&mut self) -> String {
        let failing = |health: &Health| matches!(health, Health::Failing(_));
        match self.until(Duration::from_secs(30), failing).await {
            Health::Failing(reason) => reason,
            other => panic!("{other:?}"),
        }
    }

    pub fn distinct(&self) -> usize {
        self.seen.lock().unwrap().channels.len()
    }

    /// Events that came more than once, and how often that was in all.
    pub fn again(&self) -> usize {
        let seen = self.seen.lock().unwrap();
        seen.channels.values().map(|times| times - 1).sum()
    }

    /// Waits until so many different events were seen, for as long as more of
    /// them come within `patience`.
    pub async fn until_distinct(&self, wanted: usize, patience: Duration) {
        let (mut seen, mut end) = (0, Instant::now() + patience);
        while seen < wanted {
            assert!(Instant::now() < end, "{seen} of {wanted}");
            tokio::time::sleep(Duration::from_millis(50)).await;
            let now = self.distinct();
            if now > seen {
                (seen, end) = (now, Instant::now() + patience);
            }
        }
    }

    /// Ends it as the service does, and answers how long that took.
    pub async fn stop(self) -> Duration {
        let began = Instant::now();
        self.shutdown.cancel();
        self.task.await.unwrap().unwrap();
        began.elapsed()
    }
}
