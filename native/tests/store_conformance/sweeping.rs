//! Whom a sweep of a file looks at.

use std::path::Path;
use std::sync::Arc;

use mqtt_presence::store::{Sqlite, SqliteSettings, Store};
use mqtt_presence_core::event::Kind::{Connect, Disconnect};
use mqtt_presence_core::presence::{Closing, Options};
use rusqlite::Connection;

use crate::fleet::{NOW, batch, event};

const RETENTION: u64 = 10_000;

fn open(file: &Path, closing: Closing) -> Sqlite {
    let options = Options {
        closing,
        retention: RETENTION,
        ..Options::default()
    };
    Sqlite::open(SqliteSettings::new(file), options).unwrap()
}

/// Clients that their rows say may have something to forget.
fn due(raw: &Connection) -> i64 {
    let count = "SELECT count(*) FROM client WHERE closed_at IS NOT NULL";
    raw.query_row(count, [], |row| row.get(0)).unwrap()
}

#[tokio::test]
async fn open_channels_are_due_under_no_rule_but_their_own() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presence.db");
    let events = (0..30).flat_map(|n| {
        let id = format!("client {n}");
        [Connect, Disconnect].map(|kind| event(&id, "c", kind, NOW))
    });
    let store = open(&file, Closing::Tcpclean);
    store.commit(Arc::new(batch(NOW, events))).await.unwrap();
    drop(store);
    let raw = Connection::open(&file).unwrap();
    assert_eq!(due(&raw), 0);

    // As versions before wrote them: the first sweep puts that right.
    let written = raw.execute("UPDATE client SET closed_at = ?1", [NOW.cast_signed()]);
    assert_eq!(written.unwrap(), 30);
    let store = open(&file, Closing::Tcpclean);
    let later = NOW + RETENTION + 1;
    assert_eq!(store.forget(later).await.unwrap(), 0);
    drop(store);
    assert_eq!(due(&raw), 0);

    // Another rule calls them closed.
    let store = open(&file, Closing::Any);
    assert_eq!(due(&raw), 30);
    assert_eq!(store.forget(later - 1).await.unwrap(), 0);
    assert_eq!(store.forget(later).await.unwrap(), 30);
}
