//! What waits in memory and in the log to be folded has a bound, however many
//! new clients come.

use std::sync::Arc;

use mqtt_presence::store::{Sqlite, SqliteSettings, Store};
use mqtt_presence_core::event::Kind::Connect;
use mqtt_presence_core::presence::Options;
use rusqlite::Connection;

use crate::fleet::{NOW, batch, event};

#[tokio::test]
async fn new_clients_are_folded_as_fast_as_they_come() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("presence.db");
    let settings = SqliteSettings {
        // About a thousand clients.
        cache_bytes: 1_000_000,
        ..SqliteSettings::new(&path)
    };
    let store = Sqlite::open(settings, Options::default()).unwrap();
    let raw = Connection::open(&path).unwrap();
    let mut most: i64 = 0;
    for round in 0..60 {
        // Spread over the file, as ids of devices are.
        let clients = (0..300).map(|n| format!("{:03}-{round:02}", n * 37 % 300));
        let events = clients.map(|id| event(&id, "c", Connect, NOW));
        store.commit(Arc::new(batch(NOW, events))).await.unwrap();
        let logged = raw.query_row("SELECT count(*) FROM log", [], |row| row.get(0));
        most = most.max(logged.unwrap());
    }
    // Four batches fill the memory, and the fold of as many takes two more.
    assert!((4..=12).contains(&most), "{most} batches were in the log");
    let stats = store.stats(NOW).await.unwrap();
    assert_eq!((stats.clients, stats.online), (18_000, 18_000));
}
