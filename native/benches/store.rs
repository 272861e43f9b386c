//! How many events a second a store commits, durably.
//!
//! `cargo bench --no-default-features --bench store -- [redis://HOST:PORT] [CLIENTS] [EVENTS] [BATCH]`
//! writes a fleet with 5 % duplicates and shuffling into Redis, or without a
//! URL into SQLite in the folder `TMPDIR` (or the system's), and prints one
//! line. Events are made before the clock starts.
#![allow(clippy::unwrap_used, missing_docs)]

use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_presence::fleet::{Fleet, FleetConfig};
use mqtt_presence::store::{Batch, Origin, Redis, RedisSettings, Sqlite, SqliteSettings, Store};
use mqtt_presence_core::presence::Options;

fn main() {
    // `cargo bench` adds `--bench`.
    let mut numbers = std::env::args().filter_map(|argument| argument.parse::<u64>().ok());
    let clients = numbers.next().unwrap_or(200_000);
    let events = numbers.next().unwrap_or(3_000_000);
    let size = numbers.next().unwrap_or(8192);
    let batches = batches(clients, events, size);

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()
        .unwrap();
    if let Some(url) = std::env::args().find(|argument| argument.starts_with("redis")) {
        let opening = Redis::open(RedisSettings::new(url), Options::default());
        let store = runtime.block_on(opening).unwrap();
        let (seconds, transitions, took) = commit_all(&runtime, &store, batches);
        println!(
            "redis: {:.0} events/s ({events} events of {clients} clients, {transitions} transitions, \
             batches of {size}); commit {took}",
            events as f64 / seconds,
        );
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presence.db");
    let store = Sqlite::open(SqliteSettings::new(&file), Options::default()).unwrap();
    let (total, transitions, took) = commit_all(&runtime, &store, batches);
    let stats = runtime.block_on(store.stats(0)).unwrap();
    let megabytes = std::fs::metadata(&file).unwrap().len() / 1_000_000;
    let closing = Instant::now();
    drop(store);
    println!(
        "sqlite, synchronous=FULL: {:.0} events/s ({events} events of {clients} clients, {} online, \
         {transitions} transitions, batches of {size}); commit {took}; \
         file {megabytes} MB; closed in {:.1} s",
        events as f64 / total,
        stats.online,
        closing.elapsed().as_secs_f64(),
    );
    // A start right after, and one after a crash would differ by the log only.
    let opening = Instant::now();
    drop(Sqlite::open(SqliteSettings::new(&file), Options::default()).unwrap());
    println!("opened in {:.2} s", opening.elapsed().as_secs_f64());
}

/// Seconds, transitions, and how long commits took.
fn commit_all(
    runtime: &tokio::runtime::Runtime,
    store: &dyn Store,
    batches: Vec<Arc<Batch>>,
) -> (f64, usize, String) {
    let started = Instant::now();
    let mut took: Vec<Duration> = Vec::new();
    let mut transitions = 0;
    for batch in batches {
        let begun = Instant::now();
        let committed = runtime.block_on(store.commit(batch)).unwrap();
        took.push(begun.elapsed());
        transitions += committed.transitions.len();
    }
    let total = started.elapsed().as_secs_f64();
    took.sort_unstable();
    let percentile = |share: usize| took[(took.len() - 1) * share / 100].as_secs_f64() * 1000.0;
    let took = format!(
        "p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
        percentile(50),
        percentile(99),
        percentile(100)
    );
    (total, transitions, took)
}

fn batches(clients: u64, events: u64, size: u64) -> Vec<Arc<Batch>> {
    let config = FleetConfig {
        clients: clients as u32,
        events,
        duplicate: "0.05".parse().unwrap(),
        shuffle: 200,
        ..FleetConfig::default()
    };
    let mut fleet = (1u64..).zip(Fleet::new(config)).peekable();
    let mut batches = Vec::new();
    while fleet.peek().is_some() {
        let events = fleet.by_ref().take(size as usize).map(|(number, event)| {
            let origin = Origin {
                source: "remoting".to_owned(),
                message_id: Some(format!("7F000001{number:024X}")),
                topic: Some("presence".to_owned()),
                queue: Some(number as u32 % 4),
                offset: Some(number / 4),
            };
            (event, origin)
        });
        let events: Vec<_> = events.collect();
        let now = events.last().map_or(0, |(event, _)| event.time);
        batches.push(Arc::new(Batch {
            events,
            now,
            ..Batch::default()
        }));
    }
    batches
}
