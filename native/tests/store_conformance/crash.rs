//! What was committed is there after any end of the process, and no half of
//! what was not.

use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use mqtt_presence::store::{Keep, Selection, Sqlite, SqliteSettings, Store};
use mqtt_presence_core::event::Kind::Tcpclean;
use mqtt_presence_core::presence::{Closing, Options, Presence};
use xtask::random::Random;

use crate::Bench;
use crate::counts::compare;
use crate::fleet::{NOW, batch, event};
use crate::process::{Committer, batch_of, expected, holds, rounds};

pub fn open(file: &Path) -> Sqlite {
    Sqlite::open(SqliteSettings::new(file), Options::default()).unwrap()
}

/// A copy of the files as they are on the disk now, opened as after a crash.
pub fn open_copy(file: &Path, options: Options) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let copy = folder.path().join("copy.db");
    for end in ["", "-wal"] {
        let name = |path: &Path| format!("{}{end}", path.display());
        std::fs::copy(name(file), name(&copy)).unwrap();
    }
    Bench {
        store: Arc::new(Sqlite::open(SqliteSettings::new(copy), options).unwrap()),
        _folder: Some(folder),
    }
}

#[tokio::test]
async fn killed_thirty_times_in_the_middle_of_commits() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presence.db");
    let mut numbers = Random(7);
    let mut acknowledged = None;
    for turn in 0..30 {
        let cache_bytes = if turn % 2 == 0 { 10_000 } else { 256 << 20 };
        let mut committer = Committer::start(&file, cache_bytes, None);
        for _ in 0..=numbers.below(12) {
            acknowledged = Some(committer.line().parse::<u64>().unwrap());
        }
        std::thread::sleep(Duration::from_micros(numbers.below(3000)));
        acknowledged = committer.kill().or(acknowledged);
        let copy = open_copy(&file, Options::default());
        let rounds = rounds(&*copy.store).await;
        let acknowledged = acknowledged.unwrap() + 1;
        assert!(
            rounds == acknowledged || rounds == acknowledged + 1,
            "{rounds} rounds, {acknowledged} acknowledged"
        );
        holds(&copy, rounds).await;
    }
}

#[tokio::test]
async fn a_full_disk_loses_nothing_and_mends_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presence.db");
    let mut committer = Committer::start(&file, 10_000, Some(1000));
    let mut acknowledged = 0;
    let mut refused = 0;
    while refused < 5 {
        let line = committer.line();
        match line.parse() {
            Ok(round) => acknowledged = round,
            Err(_) => {
                assert!(line.contains("presence.db"), "{line}");
                refused += 1;
            }
        }
    }
    let lifted = Command::new("prlimit")
        .arg(format!("--pid={}", committer.id()))
        .arg("--fsize=unlimited")
        .status()
        .unwrap();
    assert!(lifted.success());
    let mut further = 0;
    while further < 5 {
        if let Ok(round) = committer.line().parse::<u64>() {
            assert_eq!(round, acknowledged + 1);
            acknowledged = round;
            further += 1;
        }
    }
    acknowledged = committer.kill().unwrap_or(acknowledged);
    let bench = open_copy(&file, Options::default());
    let rounds = rounds(&*bench.store).await;
    assert!(rounds == acknowledged + 1 || rounds == acknowledged + 2);
    holds(&bench, rounds).await;
}

#[tokio::test]
async fn clients_without_a_row_are_listed_between_the_others() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presence.db");
    // The end of the store folds: those of even numbers have rows afterwards.
    for remainder in [0, 1] {
        let store = open(&file);
        let some = (0..1000).filter(|n| n % 2 == remainder);
        let events = some.map(|n| event(&format!("{n:04}"), "c", Tcpclean, NOW));
        store.commit(Arc::new(batch(NOW, events))).await.unwrap();
        if remainder == 0 {
            continue;
        }
        let mut after = None;
        for first in (0..1000).step_by(100) {
            let selection = Selection {
                after: after.clone(),
                limit: 100,
                ..Selection::default()
            };
            let page = store.list(&selection, NOW).await.unwrap();
            let ids: Vec<String> = page.into_iter().map(|(id, _)| id).collect();
            let all: Vec<String> = (first..first + 100).map(|n| format!("{n:04}")).collect();
            assert_eq!(ids, all);
            after = ids.last().cloned();
        }
        let retention = Options::default().retention;
        let gone = store.forget(NOW + retention + 1).await.unwrap();
        assert_eq!(gone, 1000);
    }
}

#[tokio::test]
async fn an_orderly_end_leaves_nothing_to_catch_up_with() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presence.db");
    for end in 1..=3 {
        let store = open(&file);
        for round in rounds(&store).await..end * 10 {
            store.commit(Arc::new(batch_of(round))).await.unwrap();
        }
        drop(store);
        let raw = rusqlite::Connection::open(&file).unwrap();
        let waiting: i64 = raw
            .query_row("SELECT count(*) FROM log", [], |row| row.get(0))
            .unwrap();
        assert_eq!(waiting, 0);
    }
    let bench = Bench {
        store: Arc::new(open(&file)),
        _folder: Some(folder),
    };
    holds(&bench, 30).await;
}

#[tokio::test]
async fn forgotten_channels_stay_forgotten_after_a_crash() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presence.db");
    let store = open(&file);
    let (mut presence, _) = expected(5);
    for round in 0..5 {
        store.commit(Arc::new(batch_of(round))).await.unwrap();
    }
    let later = NOW + 2 * Options::default().retention;
    let gone = store.forget(later).await.unwrap();
    assert_eq!(gone, presence.forget(later) as u64);
    assert_eq!(gone, 4 * 24);
    let end = event("client 00", "late", Tcpclean, NOW);
    let last = batch(later, [end.clone()]);
    presence.apply(&end, &last.events[0].1.label(), None, later);
    store.commit(Arc::new(last)).await.unwrap();
    compare(&open_copy(&file, Options::default()), &presence, later).await;
}

#[tokio::test]
async fn counts_follow_a_changed_rule() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("presence.db");
    let store = open(&file);
    let changed = Options {
        closing: Closing::Tcpclean,
        takeover: true,
        ..Options::default()
    };
    let mut presence = Presence::new(changed.clone());
    let mut numbers = Random(11);
    let events: Vec<_> = (0..400)
        .map(|_| crate::fleet::random(&mut numbers))
        .collect();
    for (event, origin) in &events {
        presence.apply(event, &origin.label(), origin.message_id.as_deref(), NOW);
    }
    let all = mqtt_presence::store::Batch {
        events,
        now: NOW,
        ..Default::default()
    };
    store.commit(Arc::new(all)).await.unwrap();
    let copy = open_copy(&file, changed.clone());
    let stats = copy.store.stats(NOW).await.unwrap();
    let expected = presence.stats(NOW);
    assert_eq!(
        (stats.clients, stats.online),
        (expected.clients, expected.online)
    );
    assert_eq!(stats.channels, expected.channels.iter().collect::<Vec<_>>());
    drop(store);
    let settings = SqliteSettings {
        keep: Keep::default(),
        ..SqliteSettings::new(&file)
    };
    let reopened = Sqlite::open(settings, changed).unwrap();
    assert_eq!(reopened.stats(NOW).await.unwrap(), stats);
}
