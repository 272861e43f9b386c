//! How many events a second a store commits, durably.
//!
//! `cargo bench --no-default-features --bench store -- [URL] [CLIENTS] [EVENTS] [BATCH]`
//! writes a fleet with 5 % duplicates and shuffling into the Redis or the
//! PostgreSQL of the URL, or without one into SQLite in the folder `TMPDIR`
//! (or the system's), and prints a line. Events are made before the clock
//! starts. Then come the peers in the same server: the rows that the store
//! writes without the store ([`upsert`]), the rule in SQL ([`sql_only`]) or in
//! a script ([`lua_alone`]), whose numbers of clients online must be the store's.
#![allow(clippy::unwrap_used, missing_docs)]

mod fleet;
mod lua_alone;
mod sql_only;
mod upsert;

use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_presence::store::{
    Batch, Committing, Postgres, PostgresSettings, Redis, RedisSettings, Sqlite, SqliteSettings,
    Store,
};
use mqtt_presence_core::presence::Options;

use fleet::batches;

/// As of the service.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

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
    let url = std::env::args().find(|argument| argument.contains("://"));
    if let Some(url) = url {
        let store = runtime.block_on(open(&url));
        let name = store.name();
        let (seconds, transitions, took) = commit_all(&runtime, &*store, batches.clone());
        println!(
            "{name}: {:.0} events/s ({events} events of {clients} clients, {transitions} transitions, \
             batches of {size}); commit {took}",
            events as f64 / seconds,
        );
        let online = runtime.block_on(store.stats(0)).unwrap().online;
        drop(store);
        let peer = |what: &str, seconds: f64, theirs: u64| {
            assert_eq!(theirs, online, "{what} gives other answers");
            println!("{what}: {:.0} events/s", events as f64 / seconds);
        };
        if name == "postgres" {
            let (seconds, rows) = runtime.block_on(upsert::write_all(&url, &batches));
            println!(
                "bulk upsert: {:.0} events/s ({rows} rows of clients and transitions)",
                events as f64 / seconds
            );
            let (seconds, theirs) = runtime.block_on(sql_only::write_all(&url, &batches));
            peer("SQL only", seconds, theirs.cast_unsigned());
        } else {
            let (seconds, theirs) = runtime.block_on(lua_alone::run_all(&url, &batches));
            peer("Lua alone", seconds, theirs);
        }
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

async fn open(url: &str) -> Box<dyn Store> {
    if url.starts_with("redis") {
        let opening = Redis::open(RedisSettings::new(url), Options::default());
        return Box::new(opening.await.unwrap());
    }
    let opening = Postgres::open(PostgresSettings::new(url), Options::default());
    Box::new(opening.await.unwrap())
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
    let mut settle = |(begun, outcome): (Instant, Committing<'_>)| {
        let committed = runtime.block_on(outcome).unwrap();
        took.push(begun.elapsed());
        transitions += committed.transitions.len();
    };
    // As the pipeline does: where the store can, a batch is begun while the one
    // before is under way.
    let mut under_way = None;
    for batch in batches {
        let begun = Instant::now();
        if let Some(outcome) = runtime.block_on(store.start(Arc::clone(&batch))) {
            under_way.replace((begun, outcome)).map(&mut settle);
            continue;
        }
        under_way.take().map(&mut settle);
        settle((Instant::now(), store.commit(batch)));
    }
    under_way.map(settle);
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
