//! The pipeline over a real SQLite file: what is acknowledged is stored, and
//! what cannot be stored is not acknowledged.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use mqtt_presence::pipeline::{
    Closed, Delivery, Intake, OnCommit, Pipeline, Settings, system_clock,
};
use mqtt_presence::source::Health;
use mqtt_presence::store::{Origin, Poison, Sqlite, SqliteSettings, Store, StoreError};
use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::Options;
use proptest::prelude::*;
use rusqlite::Connection;
use tempfile::TempDir;
use tokio::sync::{oneshot, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

struct Running {
    intake: Intake,
    health: watch::Receiver<Health>,
    shutdown: CancellationToken,
    task: JoinHandle<Result<usize, StoreError>>,
    store: Arc<Sqlite>,
    file: PathBuf,
    folder: TempDir,
}

fn open(file: &Path) -> Sqlite {
    Sqlite::open(SqliteSettings::new(file), Options::default()).unwrap()
}

fn start(settings: Settings, capacity: usize, bytes: usize) -> Running {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presence.db");
    let store = Arc::new(open(&file));
    let (intake, receiver) = Intake::with_budget(capacity, bytes);
    let shutdown = CancellationToken::new();
    let shared: Arc<dyn Store> = store.clone();
    let (pipeline, health) = Pipeline::new(shared, system_clock(), settings);
    let task = tokio::spawn(pipeline.run(receiver, shutdown.clone()));
    Running {
        intake,
        health,
        shutdown,
        task,
        store,
        file,
        folder,
    }
}

/// The file is locked by somebody else until the connection goes.
fn lock(file: &Path) -> Connection {
    let foreign = Connection::open(file).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    foreign
}

fn connect(client: &str, channel: &str) -> Delivery {
    let event = Event {
        client_id: client.to_owned(),
        channel_id: channel.to_owned(),
        kind: Kind::Connect,
        time: 1_700_000_000_000,
        client_ip: None,
        extra: None,
    };
    Delivery::new(vec![(event, Origin::default())], Vec::new())
}

async fn has(store: &Sqlite, client: &str) -> bool {
    let clients = store.clients(&[client.to_owned()]).await.unwrap();
    clients[0].is_some()
}

#[tokio::test]
async fn deliveries_share_commits_and_transitions_are_announced() {
    let running = start(Settings::default(), 1024, usize::MAX);
    let deliveries: Vec<_> = (0..2000)
        .map(|n| {
            let intake = running.intake.clone();
            tokio::spawn(async move { intake.deliver(connect(&n.to_string(), "c")).await })
        })
        .collect();
    for delivery in deliveries {
        delivery.await.unwrap().unwrap();
    }
    let mut newest = running.store.newest();
    let newest = newest.wait_for(|id| *id == 2000).await;
    assert!(newest.is_ok());
    assert_eq!(*running.health.borrow(), Health::Ready);
    assert_eq!(running.intake.waiting_bytes(), 0);
    let raw = Connection::open(&running.file).unwrap();
    let commits: i64 = raw
        .query_row(
            "SELECT value FROM total WHERE name = 'batches'",
            [],
            |row| row.get(0),
        )
        .unwrap();
    assert!(commits < 200, "{commits} commits for 2000 deliveries");
    // A pipeline whose intakes are gone ends by itself.
    drop(running.intake);
    running.task.await.unwrap().unwrap();
}

#[tokio::test]
async fn nothing_is_acknowledged_while_the_store_takes_nothing() {
    let mut running = start(Settings::default(), 64, usize::MAX);
    running.intake.deliver(connect("a", "1")).await.unwrap();
    let foreign = lock(&running.file);
    let mut waiting = Vec::new();
    for n in 0..20 {
        let delivery = connect(&format!("late {n}"), "1");
        waiting.push(running.intake.submit(delivery).await.unwrap());
    }
    let health = &mut running.health;
    let failing = health
        .wait_for(|health| matches!(health, Health::Failing(_)))
        .await
        .unwrap()
        .clone();
    let Health::Failing(sentence) = failing else {
        unreachable!()
    };
    assert!(sentence.contains("locked by another program"), "{sentence}");
    for committed in &mut waiting {
        assert!(committed.try_recv().is_err());
    }
    assert!(running.intake.waiting_bytes() > 0);
    drop(foreign);
    for committed in waiting {
        committed.await.unwrap();
    }
    assert_eq!(*health.borrow(), Health::Ready);
    assert!(has(&running.store, "late 19").await);
}

#[tokio::test]
async fn a_store_that_is_beyond_help_ends_the_pipeline_with_a_sentence() {
    let running = start(Settings::default(), 64, usize::MAX);
    running.intake.deliver(connect("a", "1")).await.unwrap();
    let foreign = Connection::open(&running.file).unwrap();
    foreign.execute_batch("DROP TABLE transition").unwrap();
    let refused = running.intake.deliver(connect("b", "1")).await;
    assert_eq!(refused, Err(Closed));
    let error = running.task.await.unwrap().unwrap_err();
    assert!(matches!(error, StoreError::Unusable { .. }));
    assert!(error.to_string().contains("presence.db"), "{error}");
    let health = running.health.borrow().clone();
    assert_eq!(health, Health::Failing(error.to_string()));
    assert_eq!(running.intake.deliver(connect("c", "1")).await, Err(Closed));
    assert!(!has(&running.store, "b").await);
}

#[tokio::test]
async fn shutdown_drains_what_waits() {
    let running = start(Settings::default(), 64, usize::MAX);
    let foreign = lock(&running.file);
    let mut waiting = Vec::new();
    for n in 0..30 {
        let delivery = connect(&format!("{n}"), "1");
        waiting.push(running.intake.submit(delivery).await.unwrap());
    }
    running.shutdown.cancel();
    // Nothing further is taken, but what waits still has its time.
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(running.intake.submit(connect("x", "1")).await.is_err());
    drop(foreign);
    running.task.await.unwrap().unwrap();
    for committed in waiting {
        committed.await.unwrap();
    }
    assert!(has(&running.store, "29").await);
    assert!(!has(&running.store, "x").await);
}

#[tokio::test]
async fn what_is_not_drained_in_time_is_not_acknowledged() {
    let settings = Settings {
        drain: Duration::from_millis(100),
        ..Settings::default()
    };
    let running = start(settings, 64, usize::MAX);
    let foreign = lock(&running.file);
    let first = running.intake.submit(connect("a", "1")).await.unwrap();
    let second = running.intake.submit(connect("b", "1")).await.unwrap();
    running.shutdown.cancel();
    running.task.await.unwrap().unwrap();
    assert!(first.await.is_err());
    assert!(second.await.is_err());
    assert_eq!(running.intake.waiting_bytes(), 0);
    drop(foreign);
}

#[tokio::test]
async fn large_bodies_wait_outside_when_memory_is_taken() {
    const BODY: usize = 4 << 20;
    let running = start(Settings::default(), 1024, 3 * BODY);
    let foreign = lock(&running.file);
    let body = |n: u8| {
        let poison = Poison {
            origin: Origin::default(),
            code: "invalid_json".to_owned(),
            field: None,
            message: String::new(),
            raw: vec![n; BODY],
        };
        Delivery::new(Vec::new(), vec![poison])
    };
    let threads: Vec<_> = (0..6)
        .map(|n| {
            let intake = running.intake.clone();
            std::thread::spawn(move || {
                let (tell, committed) = oneshot::channel();
                let told = OnCommit::new(move || tell.send(()).unwrap());
                intake.submit_blocking(body(n), told)?;
                committed.blocking_recv().map_err(|_| Closed)
            })
        })
        .collect();
    let tasks: Vec<_> = (6..12)
        .map(|n| {
            let intake = running.intake.clone();
            tokio::spawn(async move { intake.deliver(body(n)).await })
        })
        .collect();
    for _ in 0..20 {
        tokio::time::sleep(Duration::from_millis(10)).await;
        assert!(running.intake.waiting_bytes() < 4 * BODY + 4096);
    }
    drop(foreign);
    for task in tasks {
        task.await.unwrap().unwrap();
    }
    tokio::task::spawn_blocking(|| {
        for thread in threads {
            thread.join().unwrap().unwrap();
        }
    })
    .await
    .unwrap();
    assert_eq!(running.intake.waiting_bytes(), 0);
    let stats = running.store.stats(0).await.unwrap();
    assert_eq!(stats.quarantined, 12);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]
    /// Deliveries from many tasks, cut off at any moment without a word:
    /// after reopening, whatever was acknowledged is there.
    #[test]
    fn what_was_acknowledged_is_there_after_reopening(
        sizes in prop::collection::vec(1usize..40, 1..60),
        most in 1usize..100,
        capacity in 1usize..20,
        cut in 0u64..40,
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let settings = Settings { commit_records: most, ..Settings::default() };
            let running = start(settings, capacity, 20_000);
            let deliveries: Vec<_> = sizes.iter().enumerate().map(|(n, size)| {
                let mut delivery = Delivery::default();
                for event in 0..*size {
                    let next = connect(&format!("{n}-{event}"), "c");
                    delivery.events.extend(next.events);
                }
                delivery.checkpoint = Some((format!("source {n}"), size.to_string()));
                let intake = running.intake.clone();
                tokio::spawn(async move { intake.deliver(delivery).await })
            }).collect();
            tokio::time::sleep(Duration::from_millis(cut)).await;
            running.task.abort();
            let _ = running.task.await;
            drop(running.store);
            let store = open(&running.file);
            for ((n, size), delivery) in sizes.iter().enumerate().zip(deliveries) {
                let acknowledged = delivery.await.unwrap().is_ok();
                let mut found = 0;
                for event in 0..*size {
                    found += usize::from(has(&store, &format!("{n}-{event}")).await);
                }
                let checkpoint = store.checkpoint(&format!("source {n}")).await.unwrap();
                // All of it or nothing, and all of it if it was acknowledged.
                assert!(found == *size || (found == 0 && !acknowledged));
                assert_eq!(checkpoint.is_some(), found > 0);
            }
            drop(running.folder);
        });
    }
}
