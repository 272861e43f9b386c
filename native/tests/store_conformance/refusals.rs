//! Files that cannot be a store: a sentence says why and what to do.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use mqtt_presence::store::{Sqlite, SqliteSettings, Store, StoreError};
use mqtt_presence_core::event::Kind::{Connect, Tcpclean};
use mqtt_presence_core::presence::Options;
use rusqlite::Connection;

use crate::fleet::{NOW, batch, event, origin};

fn open(path: &Path) -> Result<Sqlite, StoreError> {
    Sqlite::open(SqliteSettings::new(path), Options::default())
}

/// Opening fails for good, and the sentence holds these words.
fn refused(path: &Path, words: &[&str]) {
    let error = open(path).expect_err("it must not open");
    assert!(matches!(error, StoreError::Unusable { .. }), "{error}");
    for word in words {
        assert!(error.to_string().contains(word), "{error}");
    }
}

#[test]
fn a_newer_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("newer.db");
    drop(open(&path).unwrap());
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 99).unwrap();
    drop(raw);
    refused(&path, &["newer.db", "newer mqtt-presence", "99"]);
    // It was looked at, not touched.
    let raw = Connection::open(&path).unwrap();
    raw.pragma_update(None, "user_version", 4).unwrap();
    drop(raw);
    open(&path).unwrap();
}

/// Not refused: brought up to date, and what it lacks is absent.
#[tokio::test]
async fn an_older_schema() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("older.db");
    let connect = |n| {
        batch(
            NOW,
            [event("a", n, Connect, NOW), event("a", n, Tcpclean, NOW)],
        )
    };
    let store = open(&path).unwrap();
    store.commit(Arc::new(connect("1"))).await.unwrap();
    drop(store);
    // As the version before left it.
    let raw = Connection::open(&path).unwrap();
    for column in ["topic", "queue", "queue_offset"] {
        raw.execute_batch(&format!("ALTER TABLE transition DROP COLUMN {column}"))
            .unwrap();
    }
    raw.pragma_update(None, "user_version", 3).unwrap();
    drop(raw);
    let store = open(&path).unwrap();
    store.commit(Arc::new(connect("2"))).await.unwrap();
    let rows = store.transitions_after(0, 10).await.unwrap();
    let causes: Vec<_> = rows.iter().map(|row| &row.transition.cause).collect();
    assert_eq!(causes.len(), 4);
    assert_eq!(causes[0].message_id, origin(1).message_id);
    assert_eq!((causes[0].queue, causes[0].offset), (None, None));
    assert_eq!((causes[2].queue, causes[2].offset), (Some(3), Some(1)));
}

#[test]
fn the_database_of_another_program() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("other.db");
    let raw = Connection::open(&path).unwrap();
    raw.execute_batch("CREATE TABLE theirs (x)").unwrap();
    drop(raw);
    refused(&path, &["other.db", "another program"]);
}

#[test]
fn no_database() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("notes.txt");
    std::fs::write(&path, "not a database. ".repeat(1000)).unwrap();
    refused(
        &path,
        &["notes.txt", "not a SQLite database", "name another"],
    );
    let text = std::fs::read_to_string(&path).unwrap();
    assert!(text.starts_with("not a database"));
}

#[test]
fn a_damaged_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.db");
    drop(open(&path).unwrap());
    let mut bytes = std::fs::read(&path).unwrap();
    bytes[100..].fill(0x5a);
    std::fs::write(&path, bytes).unwrap();
    refused(&path, &["damaged.db", "damaged", "backup"]);
}

#[test]
fn a_damaged_log() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("damaged.db");
    drop(open(&path).unwrap());
    let raw = Connection::open(&path).unwrap();
    raw.execute("INSERT INTO log VALUES (1, x'01')", [])
        .unwrap();
    drop(raw);
    refused(&path, &["damaged.db", "batch 1", "backup"]);
}

#[test]
fn a_folder_that_is_missing_or_cannot_be_written() {
    let folder = tempfile::tempdir().unwrap();
    refused(
        &folder.path().join("no/such.db"),
        &["does not exist", "make it"],
    );
    refused(folder.path(), &["is a folder"]);
    // Nobody can make a file here, not even root.
    refused(
        Path::new("/proc/presence.db"),
        &["/proc", "cannot be written"],
    );
}

#[test]
fn a_second_service() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("presence.db");
    let first = open(&path).unwrap();
    refused(&path, &["presence.db", "in use by another mqtt-presence"]);
    drop(first);
    open(&path).unwrap();
}

#[tokio::test]
async fn a_foreign_lock_passes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("presence.db");
    let store = open(&path).unwrap();
    let first = Arc::new(batch(NOW, [event("a", "1", Connect, NOW)]));
    store.commit(Arc::clone(&first)).await.unwrap();

    let foreign = Connection::open(&path).unwrap();
    foreign.execute_batch("BEGIN IMMEDIATE").unwrap();
    let second = Arc::new(batch(NOW, [event("b", "2", Connect, NOW)]));
    let waiting = store.commit(Arc::clone(&second));
    // Queries do not wait for a commit that waits.
    let ids = ["a".to_owned(), "b".to_owned()];
    let asking = async {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let clients = store.clients(&ids).await.unwrap();
        assert!(clients[0].is_some() && clients[1].is_none());
        assert_eq!(store.transitions_after(0, 9).await.unwrap().len(), 1);
        assert_eq!(store.stats(NOW).await.unwrap().clients, 1);
    };
    let (outcome, ()) = tokio::join!(waiting, asking);
    let error = outcome.unwrap_err();
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error}");
    assert!(error.to_string().contains("locked by another program"));

    foreign.execute_batch("ROLLBACK").unwrap();
    let told = store.commit(second).await.unwrap().transitions;
    assert_eq!(told[0].id, 2);
    assert!(store.clients(&ids).await.unwrap()[1].is_some());
}
