//! The store `redis` over real servers: the suite, several instances, faults.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use mqtt_presence::config::Secret;
use mqtt_presence::store::{
    Batch, Committed, Committing, Keep, Numbered, Poison, Redis, RedisSettings, Store, StoreError,
};
use mqtt_presence_core::event::Kind::Connect;
use mqtt_presence_core::presence::{Closing, Options, Presence};
use proptest::prelude::*;
use xtask::place;
use xtask::random::Random;
use xtask::redis::{Cluster, Server};

use crate::Bench;
use crate::counts::compare;
use crate::fleet::{NOW, batch, event, origin, random};
use crate::process::{batch_of, holds, rounds};

/// Where a server that ends with this process has its data; emptied by the
/// next run, since nobody is left to do it.
fn folder(name: &str) -> PathBuf {
    let folder = place::target().join("store_conformance").join(name);
    place::fresh(&folder).unwrap();
    folder
}

/// One server for all checks; its watchdog ends it with this process.
fn alone() -> &'static str {
    static SERVER: OnceLock<(Server, String)> = OnceLock::new();
    &SERVER
        .get_or_init(|| {
            let server = Server::start(&folder("redis"), &[]).unwrap();
            let url = server.url();
            (server, url)
        })
        .1
}

fn cluster() -> &'static str {
    static CLUSTER: OnceLock<(Cluster, String)> = OnceLock::new();
    &CLUSTER
        .get_or_init(|| {
            let cluster = Cluster::start(&folder("redis-cluster"), &[]).unwrap();
            let url = cluster.url();
            (cluster, url)
        })
        .1
}

/// Settings with keys that nobody else has.
pub fn settings(url: &str) -> RedisSettings {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    RedisSettings {
        prefix: format!("check-{}", NEXT.fetch_add(1, Ordering::Relaxed)),
        ..RedisSettings::new(url)
    }
}

pub fn bench(settings: RedisSettings, options: Options) -> Bench {
    let opening = Redis::open(settings, options);
    let store = tokio::task::block_in_place(|| tokio::runtime::Handle::current().block_on(opening));
    Bench {
        store: Arc::new(store.unwrap()),
        _folder: None,
    }
}

pub fn redis_alone(options: Options, keep: Keep) -> Bench {
    bench(
        RedisSettings {
            keep,
            ..settings(alone())
        },
        options,
    )
}

/// So little memory that every commit drops and reads clients.
pub fn redis_tight(options: Options, keep: Keep) -> Bench {
    let settings = RedisSettings {
        keep,
        cache_bytes: 10_000,
        ..settings(alone())
    };
    bench(settings, options)
}

pub fn redis_cluster(options: Options, keep: Keep) -> Bench {
    let settings = RedisSettings {
        keep,
        cluster: true,
        ..settings(cluster())
    };
    bench(settings, options)
}

async fn refused(settings: RedisSettings, words: &[&str]) {
    let error = Redis::open(settings, Options::default()).await.unwrap_err();
    for word in words {
        assert!(error.to_string().contains(word), "{error}");
    }
}

/// Commits what was begun until it is taken, as the pipeline does.
pub async fn insist(store: &dyn Store, batch: &Arc<Batch>, mut begun: Committing<'_>) -> Committed {
    let end = Instant::now() + Duration::from_secs(60);
    loop {
        match begun.await {
            Ok(committed) => return committed,
            Err(StoreError::Unavailable { .. }) if Instant::now() < end => {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
            Err(error) => panic!("{error}"),
        }
        begun = store.commit(Arc::clone(batch));
    }
}

/// Commits all, where possible each begun while the one before is under way;
/// how many were, and what all did.
pub async fn commit_all(store: &dyn Store, batches: Vec<Arc<Batch>>) -> (usize, Vec<Numbered>) {
    let (mut overlaps, mut told) = (0, Vec::new());
    let mut under_way: Option<(Arc<Batch>, Committing<'_>)> = None;
    for batch in batches {
        let begun = store.start(Arc::clone(&batch)).await;
        if let Some((before, outcome)) = under_way.take() {
            overlaps += usize::from(begun.is_some());
            told.extend(insist(store, &before, outcome).await.transitions);
        }
        match begun {
            Some(begun) => under_way = Some((batch, begun)),
            None => {
                let begun = store.commit(Arc::clone(&batch));
                told.extend(insist(store, &batch, begun).await.transitions);
            }
        }
    }
    if let Some((batch, begun)) = under_way {
        told.extend(insist(store, &batch, begun).await.transitions);
    }
    (overlaps, told)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    /// Three instances commit a stream of overlapping clients at once: the
    /// state is that of one, and transitions have no gap and alternate.
    #[test]
    fn several_instances_are_as_one(seed in any::<u64>(), takeover in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
        runtime.block_on(together(seed, Options { takeover, ..Options::default() }));
    }
}

async fn together(seed: u64, options: Options) {
    let settings = settings(alone());
    let mut numbers = Random(seed);
    let mut presence = Presence::new(options.clone());
    let mut tasks = Vec::new();
    for _ in 0..3 {
        let batches: Vec<_> = (0..12)
            .map(|_| {
                let events: Vec<_> = (0..=numbers.below(60))
                    .map(|_| random(&mut numbers))
                    .collect();
                for (event, origin) in &events {
                    presence.apply(event, &origin.label(), None, NOW);
                }
                Arc::new(Batch {
                    events,
                    now: NOW,
                    ..Batch::default()
                })
            })
            .collect();
        let store = Redis::open(settings.clone(), options.clone())
            .await
            .unwrap();
        tasks.push(tokio::spawn(
            async move { commit_all(&store, batches).await.1 },
        ));
    }
    let mut told = Vec::new();
    for task in tasks {
        told.extend(task.await.unwrap());
    }
    told.sort_unstable_by_key(|row| row.id);
    let bench = bench(settings, options.clone());
    // Which instance came first decides `last`, the history of belief; the
    // channels and the answers do not depend on it.
    for (id, expected) in presence.iter() {
        let client = bench
            .store
            .clients(&[id.to_owned()])
            .await
            .unwrap()
            .pop()
            .flatten()
            .unwrap();
        assert_eq!(client.channels, expected.channels, "{id}");
        assert_eq!(client.status(&options, NOW), expected.status(&options, NOW));
    }
    let stats = bench.store.stats(NOW).await.unwrap();
    let counted = presence.stats(NOW);
    assert_eq!(
        (stats.clients, stats.online),
        (counted.clients, counted.online)
    );
    assert_eq!(stats.channels, counted.channels.iter().collect::<Vec<_>>());
    let kept = bench.store.transitions_after(0, usize::MAX).await.unwrap();
    assert_eq!(kept, told);
    let ids: Vec<u64> = kept.iter().map(|row| row.id).collect();
    assert_eq!(ids, (1..=stats.last_transition).collect::<Vec<_>>());
    for (id, _) in presence.iter() {
        let own: Vec<_> = kept
            .iter()
            .filter(|row| row.transition.client_id == id)
            .cloned()
            .collect();
        assert!(
            own.iter()
                .enumerate()
                .all(|(n, row)| row.transition.online == (n % 2 == 0))
        );
        assert_eq!(
            bench
                .store
                .history(id, 0, u64::MAX, usize::MAX)
                .await
                .unwrap(),
            own
        );
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn followers_hear_of_other_instances() {
    let settings = settings(alone());
    let here = Redis::open(settings.clone(), Options::default())
        .await
        .unwrap();
    let there = Redis::open(settings, Options::default()).await.unwrap();
    let mut newest = here.newest();
    let connect = batch(NOW, [event("a", "1", Connect, NOW)]);
    there.commit(Arc::new(connect)).await.unwrap();
    let heard = tokio::time::timeout(Duration::from_secs(5), newest.wait_for(|last| *last == 1));
    heard.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn killed_and_started_again_in_the_middle_of_commits() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--appendonly", "yes", "--appendfsync", "always"];
    let mut server = Server::start(folder.path(), &options).unwrap();
    let settings = settings(&server.url());
    let bench = bench(settings, Options::default());
    let store = Arc::clone(&bench.store);
    let committing = tokio::spawn(async move {
        commit_all(&*store, (0..400).map(anonymous).collect())
            .await
            .0
    });
    let mut numbers = Random(5);
    let mut kills = 0;
    while !committing.is_finished() && kills < 8 {
        tokio::time::sleep(Duration::from_millis(60 + numbers.below(120))).await;
        server.kill();
        server.again().unwrap();
        kills += 1;
    }
    let overlaps = committing.await.unwrap();
    assert!(overlaps >= 100, "only {overlaps} begun behind another");
    assert!(kills >= 3, "only {kills} kills");
    assert_eq!(rounds(&*bench.store).await, 400);
    holds(&bench, 400).await;
}

/// Without message ids, so that only the number of the commit tells that a
/// record was rejected before.
pub fn anonymous(round: u64) -> Arc<Batch> {
    let mut batch = batch_of(round);
    for poison in &mut batch.poison {
        poison.origin.message_id = None;
    }
    Arc::new(batch)
}

/// A store whose memory has every client: each further commit is one call,
/// which a frozen server finds when it goes on.
pub async fn warm(server: &Server) -> Bench {
    let bench = bench(settings(&server.url()), Options::default());
    let rounds: Vec<_> = (0..20).map(anonymous).collect();
    commit_all(&*bench.store, rounds).await;
    bench
}

#[tokio::test(flavor = "multi_thread")]
async fn the_next_commit_is_under_way_before_the_last_is_answered() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]).unwrap();
    let bench = warm(&server).await;
    server.signal("STOP").unwrap();
    let first = bench.store.start(anonymous(20)).await.unwrap();
    let second = bench.store.start(anonymous(21)).await.unwrap();
    assert!(bench.store.start(anonymous(22)).await.is_none());
    server.signal("CONT").unwrap();
    while rounds(&*bench.store).await < 22 {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
    let first = first.await.unwrap().transitions;
    let second = second.await.unwrap().transitions;
    let told = bench.store.transitions_after(first[0].id - 1, usize::MAX);
    assert_eq!(told.await.unwrap(), [first, second].concat());
    holds(&bench, 22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_commit_that_another_instance_overtakes_writes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]).unwrap();
    let settings = settings(&server.url());
    let bench = bench(settings.clone(), Options::default());
    commit_all(&*bench.store, (0..3).map(anonymous).collect()).await;
    let other = Redis::open(settings, Options::default()).await.unwrap();
    other.commit(anonymous(3)).await.unwrap();
    // Both are sent before the answer tells of the other instance.
    server.signal("STOP").unwrap();
    let first = bench.store.start(anonymous(4)).await.unwrap();
    let second = bench.store.start(anonymous(5)).await.unwrap();
    server.signal("CONT").unwrap();
    let told = [first.await.unwrap(), second.await.unwrap()];
    holds(&bench, 6).await;
    let before = told[0].transitions[0].id - 1;
    let stored = bench.store.transitions_after(before, usize::MAX).await;
    assert_eq!(
        stored.unwrap(),
        told.map(|told| told.transitions).concat(),
        "told as they are stored"
    );
    // What they were not to write to was put aside, and is in its place again.
    let commands = server.cli(&["INFO", "commandstats"]).unwrap();
    assert!(commands.contains("cmdstat_rename:"), "{commands}");
    let keys = server.cli(&["KEYS", "*"]).unwrap();
    assert!(
        keys.contains(":transitions") && !keys.contains("aside"),
        "{keys}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn who_made_the_first_commit_alone_does_not_ask_for_new_clients() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]).unwrap();
    let settings = settings(&server.url());
    let bench = bench(settings.clone(), Options::default());
    commit_all(&*bench.store, vec![anonymous(0)]).await;
    server.signal("STOP").unwrap();
    // With clients that it has not seen: a question would wait for the server.
    let next = bench.store.start(anonymous(1)).await.unwrap();
    server.signal("CONT").unwrap();
    next.await.unwrap();
    holds(&bench, 2).await;
    // Since somebody else committed, it asks again.
    let other = Redis::open(settings, Options::default()).await.unwrap();
    let connect = |client, channel| Arc::new(batch(NOW, [event(client, channel, Connect, NOW)]));
    commit_all(&other, vec![connect("new", "1")]).await;
    for client in ["else", "else", "new"] {
        commit_all(&*bench.store, vec![connect(client, "2")]).await;
    }
    let clients = other.clients(&["new".to_owned()]).await.unwrap();
    assert_eq!(clients[0].as_ref().unwrap().channels.len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_frozen_server_fails_in_time_and_goes_on_afterwards() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &[]).unwrap();
    let bench = warm(&server).await;
    server.signal("STOP").unwrap();
    let (next, after) = (anonymous(20), anonymous(21));
    let began = Instant::now();
    let first = bench.store.start(Arc::clone(&next)).await.unwrap();
    let second = bench.store.start(Arc::clone(&after)).await.unwrap();
    let error = first.await.unwrap_err();
    assert!(began.elapsed() < Duration::from_secs(8));
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(
        error.to_string().contains("does not answer in time"),
        "{error}"
    );
    server.signal("CONT").unwrap();
    insist(&*bench.store, &next, bench.store.commit(Arc::clone(&next))).await;
    assert!(bench.store.start(anonymous(22)).await.is_none());
    insist(&*bench.store, &after, second).await;
    holds(&bench, 22).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_policy_that_throws_clients_away_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let options = ["--maxmemory", "100mb", "--maxmemory-policy", "allkeys-lru"];
    let server = Server::start(folder.path(), &options).unwrap();
    refused(settings(&server.url()), &["allkeys-lru", "noeviction"]).await;
    server
        .cli(&["CONFIG", "SET", "maxmemory-policy", "noeviction"])
        .unwrap();
    Redis::open(settings(&server.url()), Options::default())
        .await
        .unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_full_memory_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(folder.path(), &["--maxmemory-policy", "noeviction"]).unwrap();
    let bench = bench(settings(&server.url()), Options::default());
    let limit = |bytes| drop(server.cli(&["CONFIG", "SET", "maxmemory", bytes]).unwrap());
    bench.store.commit(Arc::new(batch_of(0))).await.unwrap();
    // The first time as one script, then as a transaction.
    for round in 1..3 {
        limit("1mb");
        let next = Arc::new(batch_of(round));
        let begun = match round {
            1 => bench.store.commit(Arc::clone(&next)),
            _ => bench.store.start(Arc::clone(&next)).await.unwrap(),
        };
        let error = begun.await.unwrap_err();
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert!(error.to_string().contains("memory"), "{error}");
        holds(&bench, round).await;
        limit("0");
        insist(&*bench.store, &next, bench.store.commit(Arc::clone(&next))).await;
        holds(&bench, round + 1).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_server_is_a_sentence() {
    let folder = tempfile::tempdir().unwrap();
    let master = Server::start(&folder.path().join("a"), &["--requirepass", "right"]).unwrap();
    refused(
        settings(&master.url()),
        &["asks for a password", "store.password_file"],
    )
    .await;
    let wrong = RedisSettings {
        password: Some(Secret::new("wrong-secret")),
        ..settings(&master.url())
    };
    let error = Redis::open(wrong, Options::default())
        .await
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("does not take this user and password"),
        "{error}"
    );
    assert!(!error.contains("wrong-secret"), "{error}");
    let right = RedisSettings {
        password: Some(Secret::new("right")),
        ..settings(&master.url())
    };
    Redis::open(right, Options::default()).await.unwrap();

    let port = master.port().to_string();
    let replica = ["--replicaof", "127.0.0.1", &port, "--masterauth", "right"];
    let replica = Server::start(&folder.path().join("b"), &replica).unwrap();
    refused(settings(&replica.url()), &["read-only replica", "master"]).await;
    let url = replica.url();
    drop(replica);
    refused(settings(&url), &["does not accept a connection"]).await;
    refused(
        settings("http://127.0.0.1:1"),
        &["store.url", "redis://HOST:PORT"],
    )
    .await;

    let folder = tempfile::tempdir().unwrap();
    let older = Server::start(folder.path(), &[]).unwrap();
    older
        .cli(&["HSET", "{mqtt-presence}:meta", "schema", "1"])
        .unwrap();
    refused(
        RedisSettings::new(older.url()),
        &["layout 1", "store.prefix"],
    )
    .await;

    let node = cluster().split(',').next().unwrap();
    refused(settings(node), &["Redis Cluster", "store.cluster = true"]).await;
    let no_cluster = RedisSettings {
        cluster: true,
        ..settings(alone())
    };
    Redis::open(no_cluster, Options::default())
        .await
        .unwrap_err();
}

#[tokio::test(flavor = "multi_thread")]
async fn counts_follow_a_changed_rule_and_stop_the_old_one() {
    let settings = settings(alone());
    let old = Redis::open(settings.clone(), Options::default())
        .await
        .unwrap();
    let changed = Options {
        closing: Closing::Tcpclean,
        takeover: true,
        ..Options::default()
    };
    let mut presence = Presence::new(changed.clone());
    let mut numbers = Random(11);
    let events: Vec<_> = (0..400).map(|_| random(&mut numbers)).collect();
    for (event, origin) in &events {
        presence.apply(event, &origin.label(), None, NOW);
    }
    let all = Batch {
        events,
        now: NOW,
        ..Batch::default()
    };
    old.commit(Arc::new(all)).await.unwrap();
    let new = Redis::open(settings, changed).await.unwrap();
    let stats = new.stats(NOW).await.unwrap();
    let expected = presence.stats(NOW);
    assert_eq!(
        (stats.clients, stats.online),
        (expected.clients, expected.online)
    );
    assert_eq!(stats.channels, expected.channels.iter().collect::<Vec<_>>());
    let late = Arc::new(batch(NOW, [event("a", "1", Connect, NOW)]));
    let error = old.commit(late).await.unwrap_err();
    assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
    assert!(
        error.to_string().contains("closing=tcpclean takeover=true"),
        "{error}"
    );
}

#[tokio::test(flavor = "multi_thread")]
async fn sweeps_of_several_instances_do_no_harm() {
    let settings = settings(alone());
    let options = Options {
        retention: 1000,
        ..Options::default()
    };
    let first = bench(settings.clone(), options.clone());
    let second = bench(settings, options);
    let mut presence = Presence::new(Options {
        retention: 1000,
        ..Options::default()
    });
    for round in 0..20 {
        let batch = batch_of(round);
        for (event, origin) in &batch.events {
            presence.apply(
                event,
                &origin.label(),
                origin.message_id.as_deref(),
                batch.now,
            );
        }
        first.commit(batch).await;
    }
    let rejected = Batch {
        poison: vec![Poison {
            origin: origin(1),
            code: "x".into(),
            field: None,
            message: String::new(),
            raw: Vec::new(),
        }],
        now: NOW,
        ..Batch::default()
    };
    second.commit(rejected).await;
    let later = NOW + 5000;
    let (one, two) = tokio::join!(first.store.forget(later), second.store.forget(later));
    let again = first.store.forget(later).await.unwrap();
    assert_eq!(
        one.unwrap() + two.unwrap() + again,
        presence.forget(later) as u64
    );
    compare(&second, &presence, later).await;
}
