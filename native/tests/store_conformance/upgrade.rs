//! A store of schema 2, made by the SQL of its time and full of rows, becomes one
//! of the newest schema that answers the same; what a newer version made is refused and
//! stays as it is.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mqtt_presence::store::{
    Batch, DeadLetter, Keep, Memory, Origin, Poison, Postgres, PostgresSettings, SinkState, Sqlite,
    SqliteSettings, Store, StoreError, StoreTrouble,
};
use mqtt_presence_core::event::Kind::Connect;
use mqtt_presence_core::presence::{Options, repair};
use rusqlite::Connection;
use xtask::random::Random;

use crate::fleet::{NOW, origin, random};
use crate::shared::SERVER;

/// Newer than those that this program knows.
const NEWER_FILE: u32 = 6;
const NEWER_POSTGRES: u32 = 5;

/// The seed of what schema 2 holds.
const OLD: u64 = 1;

/// Events, repairs, rejected records and a checkpoint.
fn batches(seed: u64) -> Vec<Arc<Batch>> {
    let mut numbers = Random(seed);
    let all = (0..20).map(|round| {
        let mut events: Vec<_> = (0..60).map(|_| random(&mut numbers)).collect();
        if seed == OLD {
            // Schema 2 did not know where messages lie.
            for (_, origin) in &mut events {
                (origin.topic, origin.queue, origin.offset) = (None, None, None);
            }
        }
        let listed = format!("GID_test@@@listed-{seed}-{round}");
        events.push((
            repair(&listed, "1", Connect, NOW + round),
            Origin::reconciled(),
        ));
        Arc::new(Batch {
            events,
            poison: vec![Poison {
                origin: origin(5_000 + seed * 100 + round),
                code: "invalid_json".to_owned(),
                field: None,
                message: "`\u{0}日本` is no JSON".to_owned(),
                raw: b"\xff\x00{".to_vec(),
            }],
            checkpoints: vec![("folder/a".to_owned(), format!("{seed}:{round}"))],
            now: NOW + round,
            ..Batch::default()
        })
    });
    all.collect()
}

async fn commit(store: &dyn Store, batches: &[Arc<Batch>]) {
    for batch in batches {
        store.commit(Arc::clone(batch)).await.unwrap();
    }
}

/// Both say the same of everything that schema 2 knew.
async fn equal(store: &dyn Store, rule: &dyn Store) {
    let transitions = rule.transitions_after(0, 10_000).await.unwrap();
    assert!(transitions.len() > 100, "{}", transitions.len());
    assert!(transitions.iter().any(|one| one.transition.synthetic));
    assert_eq!(
        store.transitions_after(0, 10_000).await.unwrap(),
        transitions
    );
    let mut ids: Vec<String> = transitions
        .iter()
        .map(|one| one.transition.client_id.clone())
        .collect();
    ids.sort();
    ids.dedup();
    assert_eq!(
        store.clients(&ids).await.unwrap(),
        rule.clients(&ids).await.unwrap()
    );
    for id in &ids {
        assert_eq!(
            store.history(id, 0, NOW * 2, 100).await.unwrap(),
            rule.history(id, 0, NOW * 2, 100).await.unwrap(),
            "{id}"
        );
    }
    assert_eq!(
        store.stats(NOW + 99).await.unwrap(),
        rule.stats(NOW + 99).await.unwrap()
    );
    assert_eq!(
        store.quarantine(0, 100).await.unwrap(),
        rule.quarantine(0, 100).await.unwrap()
    );
    let key = "folder/a";
    assert_eq!(
        store.checkpoint(key).await.unwrap(),
        rule.checkpoint(key).await.unwrap()
    );
}

/// What newer schemas have more: sinks, and where messages lie.
async fn keeps_sinks(store: &dyn Store) {
    let lease = Duration::from_secs(60);
    assert_eq!(store.sink("crm").await.unwrap(), None);
    store.open_sink("crm", 1).await.unwrap();
    assert_eq!(store.claim_sink("crm", "me", lease).await.unwrap(), Some(1));
    let numbered = store.transitions_after(1, 1).await.unwrap().remove(0);
    let dead = [DeadLetter {
        at: NOW,
        reason: "no".to_owned(),
        numbered,
    }];
    assert!(store.move_sink("crm", "me", 2, lease, &dead).await.unwrap());
    let state = SinkState {
        place: 2,
        holder: Some("me".to_owned()),
        dead: 1,
    };
    assert_eq!(store.sink("crm").await.unwrap(), Some(state));
    assert_eq!(store.dead_letters("crm", 0, 9).await.unwrap(), dead);
}

/// The upgraded store answers as one that was always new, now and after more.
async fn goes_on(store: &dyn Store, rule: &Memory) {
    equal(store, rule).await;
    let more = batches(2);
    commit(store, &more).await;
    commit(rule, &more).await;
    equal(store, rule).await;
    keeps_sinks(store).await;
}

async fn rule() -> (Memory, Vec<Arc<Batch>>) {
    let (rule, first) = (
        Memory::new(Options::default(), Keep::default()),
        batches(OLD),
    );
    commit(&rule, &first).await;
    (rule, first)
}

fn sqlite(path: &Path) -> Result<Sqlite, StoreError> {
    Sqlite::open(SqliteSettings::new(path), Options::default())
}

#[tokio::test]
async fn a_file_of_schema_2() {
    let folder = tempfile::tempdir().unwrap();
    let (path, made) = (folder.path().join("old.db"), folder.path().join("new.db"));
    let (rule, first) = rule().await;
    // The end of the store folds: the first half has rows.
    let (half, rest) = first.split_at(first.len() / 2);
    let filled = sqlite(&made).unwrap();
    commit(&filled, half).await;
    drop(filled);
    let filled = sqlite(&made).unwrap();
    commit(&filled, rest).await;

    // While the service runs, so that the rest is in its log alone, as after kill -9.
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "page_size", 8192).unwrap();
    raw.pragma_update(None, "journal_mode", "wal").unwrap();
    raw.execute_batch(include_str!("schema_2/sqlite.sql"))
        .unwrap();
    raw.pragma_update(None, "application_id", 0x6d71_7072)
        .unwrap();
    raw.pragma_update(None, "user_version", 2).unwrap();
    raw.execute("ATTACH ?1 AS made", [made.to_str().unwrap()])
        .unwrap();
    for table in [
        "meta",
        "total",
        "client",
        "transition",
        "log",
        "quarantine",
        "checkpoint",
    ] {
        // Newer schemas append columns.
        let columns: String = raw
            .query_row(
                "SELECT group_concat(name) FROM pragma_table_info(?1, 'main')",
                [table],
                |row| row.get(0),
            )
            .unwrap();
        raw.execute_batch(&format!(
            "INSERT INTO main.{table} SELECT {columns} FROM made.{table}"
        ))
        .unwrap();
    }
    let logged: i64 = raw
        .query_row("SELECT count(*) FROM main.log", [], |row| row.get(0))
        .unwrap();
    assert!(logged > 0, "nothing is in the log alone");
    write_as_json(&raw, half).await;
    drop(raw);
    drop(filled);

    let store = sqlite(&path).unwrap();
    goes_on(&store, &rule).await;
    drop(store);
    let raw = Connection::open(&path).unwrap();
    let version: u32 = raw
        .pragma_query_value(None, "user_version", |row| row.get(0))
        .unwrap();
    assert_eq!(version, NEWER_FILE - 1);

    // And that one is refused by a program that does not know its schema.
    raw.pragma_update(None, "user_version", NEWER_FILE).unwrap();
    raw.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
    drop(raw);
    let before = std::fs::read(&path).unwrap();
    refused(sqlite(&path).map(drop), "old.db", NEWER_FILE);
    assert_eq!(std::fs::read(&path).unwrap(), before, "it was touched");
}

/// Until schema 5 a row held its client as JSON.
async fn write_as_json(file: &Connection, batches: &[Arc<Batch>]) {
    let rule = Memory::new(Options::default(), Keep::default());
    commit(&rule, batches).await;
    let mut select = file.prepare("SELECT client_id FROM main.client").unwrap();
    let ids = select.query_map([], |row| row.get(0)).unwrap();
    let ids: Vec<String> = ids.map(Result::unwrap).collect();
    assert!(ids.len() > 10, "{} clients have a row", ids.len());
    for (id, client) in ids.iter().zip(rule.clients(&ids).await.unwrap()) {
        let record = serde_json::to_string(&client).unwrap();
        file.execute(
            "UPDATE main.client SET record = ?2 WHERE client_id = ?1",
            [id, &record],
        )
        .unwrap();
    }
}

#[track_caller]
fn refused(opened: Result<(), StoreError>, place: &str, newer: u32) {
    let error = opened.expect_err("it must not open");
    assert_eq!(error.trouble(), StoreTrouble::Newer);
    assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
    let sentence = error.to_string();
    let versions = format!("(schema {newer}, this one knows {})", newer - 1);
    for words in [place, "was written by a newer mqtt-presence", &versions] {
        assert!(sentence.contains(words), "`{sentence}` lacks `{words}`");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_postgres_schema_of_version_2() {
    let open = async |schema: &str| {
        let settings = PostgresSettings {
            schema: schema.to_owned(),
            ..PostgresSettings::new(SERVER.url("postgres"))
        };
        Postgres::open(settings, Options::default()).await
    };
    let sql = |text: &str| SERVER.psql("postgres", text).unwrap();
    let (rule, first) = rule().await;
    let filled = open("upgrade_made").await.unwrap();
    commit(&filled, &first).await;
    drop(filled);

    sql(&format!(
        "CREATE SCHEMA upgrade_old; SET search_path = upgrade_old; \
         CREATE TABLE schema_version (version integer NOT NULL); INSERT INTO schema_version VALUES (2);\n{}\n\
         CREATE TABLE transition_0 (LIKE transition INCLUDING DEFAULTS INCLUDING CONSTRAINTS); \
         ALTER TABLE transition ATTACH PARTITION transition_0 FOR VALUES FROM (1) TO (1000001); \
         DELETE FROM total",
        include_str!("schema_2/postgres.sql")
    ));
    for table in ["total", "client", "transition", "quarantine", "checkpoint"] {
        let columns = sql(&format!(
            "SELECT string_agg(column_name, ',' ORDER BY ordinal_position) \
             FROM information_schema.columns \
             WHERE table_schema = 'upgrade_old' AND table_name = '{table}'"
        ));
        sql(&format!(
            "INSERT INTO upgrade_old.{table} ({columns}) SELECT {columns} FROM upgrade_made.{table}"
        ));
    }

    let store = open("upgrade_old").await.unwrap();
    goes_on(&store, &rule).await;
    drop(store);
    let version = "SELECT version FROM upgrade_old.schema_version";
    assert_eq!(sql(version), (NEWER_POSTGRES - 1).to_string());

    sql(&format!(
        "UPDATE upgrade_old.schema_version SET version = {NEWER_POSTGRES}"
    ));
    refused(
        open("upgrade_old").await.map(drop),
        "`upgrade_old`",
        NEWER_POSTGRES,
    );
    assert_eq!(sql(version), NEWER_POSTGRES.to_string());
}
