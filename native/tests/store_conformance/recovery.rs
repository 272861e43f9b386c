//! What a start after a crash makes of the log.

use std::sync::Arc;

use mqtt_presence::store::Store;
use mqtt_presence_core::event::Kind::Connect;
use mqtt_presence_core::presence::Options;

use crate::crash::{open, open_copy};
use crate::fleet::{NOW, batch, event};

#[tokio::test]
async fn memory_is_measured_after_the_log_was_applied() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presence.db");
    let store = open(&file);
    let mut connect = event("a", "c", Connect, NOW);
    connect.client_ip = Some("1".repeat(1024));
    store.commit(Arc::new(batch(NOW, [connect]))).await.unwrap();
    let copy = open_copy(&file, Options::default());
    // The smaller fact takes much less memory than the one that it replaces.
    let earlier = event("a", "c", Connect, NOW - 1);
    assert_eq!(copy.commit(batch(NOW, [earlier])).await, []);
    let clients = copy.store.clients(&["a".to_owned()]).await.unwrap();
    let connect = clients[0].as_ref().unwrap().channels["c"].connect.clone();
    assert_eq!(connect.unwrap().time, NOW - 1);
}
