//! Two instances over one PostgreSQL, and a server that dies or freezes.
#![allow(clippy::unwrap_used, missing_docs)]

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_presence::store::{Batch, Origin, Postgres, PostgresSettings, Store, StoreError};
use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::{Options, Presence};

const NOW: u64 = 1_700_000_000_000;
const ROUNDS: u64 = 60;

fn batch(instance: u64, round: u64) -> Arc<Batch> {
    let events = (0..20).map(|n| {
        // Both instances get events of the same clients and channels.
        let mixed = (round * 31 + n * 17 + instance * 7) % 97;
        let kind = [Kind::Connect, Kind::Disconnect, Kind::Tcpclean]
            [((round + n + instance) % 3) as usize];
        let event = Event {
            client_id: format!("client {}", mixed % 23),
            channel_id: format!("channel {mixed}"),
            kind,
            time: NOW + round % 13 + n,
            client_ip: None,
            extra: None,
        };
        let origin = Origin {
            source: "remoting".into(),
            message_id: Some(format!("{instance}-{round}-{n}")),
            ..Origin::default()
        };
        (event, origin)
    });
    Arc::new(Batch {
        events: events.collect(),
        now: NOW,
        ..Batch::default()
    })
}

/// Commits as the pipeline does: again until it is taken.
async fn commit(store: &Postgres, batch: Arc<Batch>) {
    let end = Instant::now() + Duration::from_secs(90);
    while let Err(error) = store.commit(Arc::clone(&batch)).await {
        assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
        assert!(Instant::now() < end, "{error}");
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
}

/// The state is that of the rule; transitions have no gap and alternate.
async fn check(store: &Postgres) {
    let mut presence = Presence::new(Options::default());
    for (instance, round) in (0..2).flat_map(|i| (0..ROUNDS).map(move |r| (i, r))) {
        for (event, origin) in &batch(instance, round).events {
            presence.apply(event, &origin.label(), None, NOW);
        }
    }
    let ids: Vec<String> = presence.iter().map(|(id, _)| id.to_owned()).collect();
    let clients = store.clients(&ids).await.unwrap();
    let mut online = 0;
    for (client, (id, expected)) in clients.iter().zip(presence.iter()) {
        let client = client.as_ref().unwrap();
        assert_eq!(client.channels, expected.channels, "{id}");
        let answer = expected.online(&Options::default(), NOW);
        assert_eq!(client.last.is_some_and(|last| last.online), answer, "{id}");
        online += u64::from(answer);
    }
    let stats = store.stats(NOW).await.unwrap();
    assert_eq!((stats.clients, stats.online), (ids.len() as u64, online));
    let told = store.transitions_after(0, usize::MAX).await.unwrap();
    let numbers: Vec<u64> = told.iter().map(|row| row.id).collect();
    assert_eq!(numbers, (1..=stats.last_transition).collect::<Vec<_>>());
    for id in &ids {
        let own = told.iter().filter(|row| row.transition.client_id == *id);
        for (place, row) in own.enumerate() {
            assert_eq!(row.transition.online, place % 2 == 0, "{id}");
        }
    }
}

async fn pair(server: &xtask::postgres::Postgres) -> [Postgres; 2] {
    let open = || {
        Postgres::open(
            PostgresSettings::new(server.url("postgres")),
            Options::default(),
        )
    };
    [open().await.unwrap(), open().await.unwrap()]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_instances_answer_as_one() {
    let server = xtask::postgres::Postgres::start().unwrap();
    let stores = pair(&server).await;
    let run = async |instance: u64| {
        for round in 0..ROUNDS {
            commit(&stores[instance as usize], batch(instance, round)).await;
        }
    };
    tokio::join!(run(0), run(1));
    check(&stores[0]).await;
    check(&stores[1]).await;
    let last = stores[0].stats(NOW).await.unwrap().last_transition;
    for store in &stores {
        let mut newest = store.newest();
        let heard = newest.wait_for(|newest| *newest == last);
        tokio::time::timeout(Duration::from_secs(5), heard)
            .await
            .unwrap()
            .unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_killed_server_loses_and_doubles_nothing() {
    let mut server = xtask::postgres::Postgres::start().unwrap();
    let stores = pair(&server).await;
    let run = async |instance: u64| {
        for round in 0..ROUNDS {
            commit(&stores[instance as usize], batch(instance, round)).await;
        }
    };
    let faults = tokio::task::spawn_blocking(move || {
        for _ in 0..3 {
            std::thread::sleep(Duration::from_millis(120));
            server.kill();
            server.run().unwrap();
        }
        server
    });
    tokio::join!(run(0), run(1));
    let _server = faults.await.unwrap();
    check(&stores[0]).await;
}

fn copy(from: &Path, to: &Path) {
    let copied = Command::new("cp").arg("-a").arg(from).arg(to).status();
    assert!(copied.unwrap().success());
}

fn connect(channel: &str) -> Arc<Batch> {
    let event = Event {
        client_id: "client".to_owned(),
        channel_id: channel.to_owned(),
        kind: Kind::Connect,
        time: NOW,
        client_ip: None,
        extra: None,
    };
    Arc::new(Batch {
        events: vec![(event, Origin::default())],
        now: NOW,
        ..Batch::default()
    })
}

/// A standby that was behind takes the place of its primary: what it lacks is
/// lost, but nothing that it was told since.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_fail_over_loses_no_more_than_the_standby_lacked() {
    let mut server = xtask::postgres::Postgres::start().unwrap();
    let [first, second] = pair(&server).await;
    commit(&first, connect("before")).await;
    let (data, standby) = (server.data(), server.data().with_extension("standby"));
    server.kill();
    copy(&data, &standby);
    server.run().unwrap();
    commit(&first, connect("lost")).await;
    server.kill();
    std::fs::remove_dir_all(&data).unwrap();
    std::fs::rename(&standby, &data).unwrap();
    server.run().unwrap();
    // The number of this batch is that of the one that was lost.
    commit(&second, connect("after")).await;
    commit(&first, connect("last")).await;
    let clients = second.clients(&["client".to_owned()]).await.unwrap();
    let channels = &clients[0].as_ref().unwrap().channels;
    let channels: Vec<&str> = channels.keys().map(String::as_str).collect();
    assert_eq!(channels, ["after", "before", "last"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_frozen_server_is_unavailable_and_mends() {
    let server = xtask::postgres::Postgres::start().unwrap();
    let stores = pair(&server).await;
    commit(&stores[0], batch(0, 0)).await;
    server.signal("STOP");
    let begun = Instant::now();
    let error = stores[0].commit(batch(0, 1)).await.unwrap_err();
    server.signal("CONT");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("did not answer"), "{error}");
    assert!(begun.elapsed() < Duration::from_secs(15));
    for (instance, round) in (0..2).flat_map(|i| (0..ROUNDS).map(move |r| (i, r))) {
        commit(&stores[instance as usize], batch(instance, round)).await;
    }
    check(&stores[1]).await;
}

#[tokio::test]
async fn refusals_say_what_to_do() {
    let server = xtask::postgres::Postgres::start().unwrap();
    let refused = async |url: String, words: &[&str]| {
        let opened = Postgres::open(PostgresSettings::new(url), Options::default()).await;
        let error = opened.err().expect("it must not open");
        assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
        for word in words {
            assert!(error.to_string().contains(word), "{error}");
        }
    };
    refused(server.url("missing"), &["does not exist", "createdb"]).await;
    let url = server.url("postgres").replace("postgres@", "nobody@");
    refused(url.clone(), &["refuses the user"]).await;
    server.psql("postgres", "CREATE ROLE nobody LOGIN").unwrap();
    refused(url, &["permission denied", "grant"]).await;
    drop(pair(&server).await);
    server
        .psql(
            "postgres",
            "UPDATE mqtt_presence.schema_version SET version = 99",
        )
        .unwrap();
    refused(server.url("postgres"), &["newer mqtt-presence", "99"]).await;
}

/// The statements of docs/postgres.md run as they stand there.
#[tokio::test]
async fn documented_queries_run() {
    let server = xtask::postgres::Postgres::start().unwrap();
    let [store, _other] = pair(&server).await;
    commit(&store, batch(0, 0)).await;
    let page = include_str!("../../docs/postgres.md");
    let queries: Vec<&str> = page
        .split("```sql\n")
        .skip(1)
        .map(|rest| rest.split("```").next().unwrap())
        .collect();
    assert_eq!(queries.len(), 3);
    for query in &queries {
        let sql = format!("SET search_path = mqtt_presence; {query}");
        server.psql("postgres", &sql).unwrap();
    }
    let listed = server
        .psql(
            "postgres",
            &format!("SET search_path = mqtt_presence; {}", queries[0]),
        )
        .unwrap();
    assert_eq!(
        listed.lines().count() as u64,
        store.stats(NOW).await.unwrap().online
    );
}
