//! What a start after a crash makes of the log.

use std::sync::Arc;

use mqtt_presence::store::{Batch, Sqlite, SqliteSettings, Store};
use mqtt_presence_core::event::Kind::Connect;
use mqtt_presence_core::presence::{Closing, Options};
use xtask::random::Random;

use crate::Bench;
use crate::crash::{open, open_copy};
use crate::fleet::{NOW, batch, event, random};

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

/// Some hundred events of a small fleet.
fn some(numbers: &mut Random, now: u64) -> Batch {
    Batch {
        events: (0..300).map(|_| random(numbers)).collect(),
        now,
        ..Batch::default()
    }
}

#[tokio::test]
async fn a_changed_rule_flips_nothing_before_the_next_event() {
    let options = |closing| Options {
        closing,
        takeover: closing == Closing::Tcpclean,
        ..Options::default()
    };
    let (any, tcpclean) = (options(Closing::Any), options(Closing::Tcpclean));
    for (before, after) in [(&any, &tcpclean), (&tcpclean, &any)] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("presence.db");
        let mut numbers = Random(3);
        let open =
            |options: &Options| Sqlite::open(SqliteSettings::new(&file), options.clone()).unwrap();
        let store = open(before);
        for round in 0..3 {
            let batch = some(&mut numbers, NOW + round);
            store.commit(Arc::new(batch)).await.unwrap();
        }
        let crashed = open_copy(&file, after.clone());
        drop(store);
        let orderly = Bench {
            store: Arc::new(open(after)),
            _folder: Some(folder),
        };
        let more = some(&mut numbers, NOW + 9);
        let ids = more.events.iter().map(|(event, _)| event.client_id.clone());
        let ids: Vec<String> = ids.collect();
        for told_more in [false, true] {
            assert_eq!(
                crashed.store.clients(&ids).await.unwrap(),
                orderly.store.clients(&ids).await.unwrap()
            );
            if !told_more {
                let told = crashed.commit(more.clone()).await;
                assert_eq!(told, orderly.commit(more.clone()).await);
            }
        }
        for id in &ids {
            let history = crashed.store.history(id, 0, u64::MAX, 1000).await.unwrap();
            let mut flips = history.iter().enumerate();
            assert!(flips.all(|(n, row)| row.transition.online == (n % 2 == 0)));
        }
    }
}
