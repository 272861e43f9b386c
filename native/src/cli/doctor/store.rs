//! The store, looked at without changing it.

use std::path::Path;

use super::reach::writable_folder;
use super::{Finding, Name, Severity, clock};
use crate::cli::serve::stores;
use crate::config::{Store, StoreKind};
use crate::store::{Keep, Postgres, Redis, Sqlite, StoreError, StoreTrouble};

const PART: &str = "store";

/// Whether the store can be opened and written; `running`: by a service that
/// answers at `api.bind`.
pub(super) fn check(store: &Store, running: bool) -> Vec<Finding> {
    match store.kind {
        StoreKind::Memory => vec![Finding::note(
            Name::StoreForgets,
            PART,
            "`memory` forgets everything when the service ends",
            "take another `store.kind` for more than a first look",
        )],
        StoreKind::Sqlite => sqlite(&store.path, running),
        StoreKind::Redis => redis(store),
        StoreKind::Postgres => postgres(store),
    }
}

/// Connects as the service would, and changes nothing.
fn redis(store: &Store) -> Vec<Finding> {
    let settings = stores::redis(store, Keep::default());
    match looked(Redis::inspect(&settings)) {
        Ok(seen) => {
            let mut findings: Vec<Finding> = seen
                .warnings
                .iter()
                .map(|warning| {
                    Finding::said(Name::RedisNotDurable, Severity::Warning, PART, warning)
                })
                .collect();
            findings.extend(clock::compare(PART, "Redis", seen.clock_ahead));
            if findings.is_empty() {
                let sentence = format!("`{}` answers and keeps what it is given", settings.url);
                findings.push(Finding::good(PART, sentence));
            }
            findings
        }
        Err(finding) => vec![finding],
    }
}

/// Connects as the service would, and changes nothing.
fn postgres(store: &Store) -> Vec<Finding> {
    let settings = stores::postgres(store, Keep::default());
    match looked(Postgres::look(&settings)) {
        Ok(seen) => {
            let mut findings = vec![Finding::good(PART, seen.sentence)];
            findings.extend(clock::compare(PART, "PostgreSQL", seen.clock_ahead));
            findings
        }
        Err(finding) => vec![finding],
    }
}

/// Waits for a look at a server. The doctor does not try again, so it does not
/// say so.
fn looked<T>(look: impl Future<Output = Result<T, StoreError>>) -> Result<T, Finding> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| {
            let sentence = format!("no runtime can be started: {error}");
            Finding::said(Name::StoreUnusable, Severity::Error, PART, &sentence)
        })?;
    runtime.block_on(look).map_err(said)
}

fn said(error: StoreError) -> Finding {
    let name = named(error.trouble());
    let reason = match error {
        StoreError::Unavailable { reason, .. } | StoreError::Unusable { reason, .. } => reason,
    };
    Finding::said(name, Severity::Error, PART, &reason)
}

fn named(trouble: StoreTrouble) -> Name {
    match trouble {
        StoreTrouble::Other => Name::StoreUnusable,
        StoreTrouble::Unreachable => Name::StoreUnreachable,
        StoreTrouble::Refused => Name::StoreRefused,
        StoreTrouble::Certificate => Name::StoreCertificate,
        StoreTrouble::NotPermitted => Name::StoreNotPermitted,
        StoreTrouble::TooOld => Name::StoreTooOld,
        StoreTrouble::ReadOnly => Name::StoreReadOnly,
        StoreTrouble::Full => Name::DiskFull,
        StoreTrouble::Newer => Name::StoreNewer,
        StoreTrouble::InUse => Name::StoreInUse,
        StoreTrouble::NotADatabase => Name::SqliteNotADatabase,
        StoreTrouble::DatabaseMissing => Name::PostgresDatabaseMissing,
        StoreTrouble::Evicting => Name::RedisEvicts,
        StoreTrouble::ClusterMismatch => Name::RedisClusterMismatch,
    }
}

fn sqlite(path: &Path, running: bool) -> Vec<Finding> {
    let shown = path.display();
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if let Err((name, what, advice)) = writable_folder(folder) {
        return vec![Finding::wrong(name, PART, what, advice)];
    }
    if !path.exists() {
        let sentence = format!("`{shown}` will be made; its folder can be written");
        return vec![Finding::good(PART, sentence)];
    }
    if let Err(error) = std::fs::OpenOptions::new().write(true).open(path) {
        return vec![Finding::wrong(
            Name::FolderNotWritable,
            PART,
            format!("`{shown}` cannot be written: {error}"),
            "give this user the right, or set another `store.path`",
        )];
    }
    let Err(error) = Sqlite::look(path) else {
        let sentence = format!("`{shown}` is there and can be read");
        return vec![Finding::good(PART, sentence)];
    };
    let mut finding = said(error);
    // By the service whose configuration this is, by all appearance.
    if finding.name == Name::StoreInUse && running {
        finding.severity = Severity::Warning;
    }
    vec![finding]
}
