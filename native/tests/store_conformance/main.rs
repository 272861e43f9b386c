//! One suite that every store passes, and what only a file can get wrong.
#![allow(clippy::unwrap_used, missing_docs)]

mod counts;
mod crash;
mod cut;
mod fleet;
mod folding;
mod forgetting;
mod history;
mod listing;
mod process;
mod quarantine;
mod reconcile;
mod recovery;
mod redis;
mod refusals;
mod shared;
mod sinks;
mod sweeping;
mod upgrade;
mod vectors;

use std::sync::Arc;

use mqtt_presence::store::{Batch, Keep, Memory, Sqlite, SqliteSettings, Store};
use mqtt_presence_core::presence::Options;
pub use shared::{postgres, postgres_tight};
use tempfile::TempDir;

/// A store and the folder that goes with it.
pub struct Bench {
    pub store: Arc<dyn Store>,
    _folder: Option<TempDir>,
}

impl Bench {
    pub async fn commit(&self, batch: Batch) -> Vec<mqtt_presence::store::Numbered> {
        let batch = Arc::new(batch);
        let committed = match self.store.start(Arc::clone(&batch)).await {
            Some(begun) => begun.await,
            None => self.store.commit(batch).await,
        };
        committed.unwrap().transitions
    }
}

/// Makes an empty store.
pub type Open = fn(Options, Keep) -> Bench;

pub fn memory(options: Options, keep: Keep) -> Bench {
    Bench {
        store: Arc::new(Memory::new(options, keep)),
        _folder: None,
    }
}

pub fn sqlite(options: Options, keep: Keep) -> Bench {
    sqlite_with(options, keep, 256 << 20)
}

/// So little memory that every commit folds, drops and reads clients.
pub fn sqlite_tight(options: Options, keep: Keep) -> Bench {
    sqlite_with(options, keep, 10_000)
}

fn sqlite_with(options: Options, keep: Keep, cache_bytes: usize) -> Bench {
    let folder = tempfile::tempdir().unwrap();
    let settings = SqliteSettings {
        cache_bytes,
        keep,
        ..SqliteSettings::new(folder.path().join("presence.db"))
    };
    Bench {
        store: Arc::new(Sqlite::open(settings, options).unwrap()),
        _folder: Some(folder),
    }
}

pub use redis::{redis_alone, redis_cluster, redis_tight};

/// Runs each check over each store.
macro_rules! suite {
    ($($check:ident in $module:ident),* $(,)?) => {
        suite!(@ memory: $($check in $module),*);
        suite!(@ sqlite: $($check in $module),*);
        suite!(@ sqlite_tight: $($check in $module),*);
        suite!(@ redis_alone: $($check in $module),*);
        suite!(@ redis_tight: $($check in $module),*);
        suite!(@ redis_cluster: $($check in $module),*);
        suite!(@ postgres: $($check in $module),*);
        suite!(@ postgres_tight: $($check in $module),*);
    };
    (@ $store:ident: $($check:ident in $module:ident),*) => {
        mod $store {
            $(
                #[tokio::test(flavor = "multi_thread")]
                async fn $check() {
                    crate::$module::$check(crate::$store).await;
                }
            )*
        }
    };
}

mod suites {
    suite! {
        answers_equal_the_rule in counts,
        answers_equal_the_rule_with_takeover in counts,
        answers_equal_the_rule_with_tcpclean_and_lease in counts,
        repeats_change_nothing in counts,
        clients_come_in_the_order_asked in counts,
        numbers_have_no_gap_and_keep_order in history,
        a_large_batch_is_read_from_any_place in history,
        ids_of_any_characters_are_told_whole in history,
        history_is_cut_by_time_and_number in history,
        history_keeps_a_bounded_number in history,
        history_keeps_a_bounded_age in history,
        prefixes_are_bytes in listing,
        pages_are_stable_under_writes in listing,
        lists_by_status in listing,
        rejected_records_are_kept_whole in quarantine,
        quarantine_is_bounded in quarantine,
        a_redelivered_rejection_is_kept_once in quarantine,
        released_records_leave_with_their_batch in quarantine,
        checkpoints_go_with_their_batch in quarantine,
        forgets_as_the_rule_does in forgetting,
        a_redelivery_after_forgetting_brings_nobody_back in forgetting,
        a_list_repairs_and_events_go_before_it in reconcile,
        a_sink_keeps_its_first_start in sinks,
        a_sink_has_one_holder_at_a_time in sinks,
        dead_letters_go_with_the_place in sinks,
        follows_every_steps_vector in vectors,
        answers_every_replay_vector in vectors,
        takes_every_parse_vector in vectors,
    }
}
