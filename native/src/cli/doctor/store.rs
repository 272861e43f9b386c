//! The store, looked at without changing it.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::Finding;
use super::reach::writable_folder;
use crate::cli::serve::stores;
use crate::config::{Store, StoreKind};
use crate::store::{Keep, Postgres, Redis, StoreError};

/// Whether the store can be opened and written.
pub(super) fn check(store: &Store) -> Vec<Finding> {
    match store.kind {
        StoreKind::Memory => vec![Finding::note(
            "store",
            "`memory` forgets everything when the service ends",
        )],
        StoreKind::Sqlite => sqlite(&store.path),
        StoreKind::Redis => redis(store),
        StoreKind::Postgres => vec![postgres(store)],
    }
}

/// Connects as the service would, and changes nothing.
fn redis(store: &Store) -> Vec<Finding> {
    let settings = stores::redis(store, Keep::default());
    match looked(Redis::inspect(&settings)) {
        Ok(warnings) if warnings.is_empty() => vec![Finding::good(
            "store",
            format!("`{}` answers and keeps what it is given", settings.url),
        )],
        Ok(warnings) => warnings
            .into_iter()
            .map(|warning| Finding::note("store", warning))
            .collect(),
        Err(reason) => vec![Finding::wrong("store", reason)],
    }
}

/// Connects as the service would, and changes nothing.
fn postgres(store: &Store) -> Finding {
    let settings = stores::postgres(store, Keep::default());
    match looked(Postgres::look(&settings)) {
        Ok(sentence) => Finding::good("store", sentence),
        Err(reason) => Finding::wrong("store", reason),
    }
}

/// Waits for a look at a server.
fn looked<T>(look: impl Future<Output = Result<T, StoreError>>) -> Result<T, String> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| format!("no runtime can be started: {error}"))?;
    runtime.block_on(look).map_err(|error| error.to_string())
}

fn sqlite(path: &Path) -> Vec<Finding> {
    let shown = path.display();
    let folder = match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    };
    if let Err(reason) = writable_folder(folder) {
        return vec![Finding::wrong(
            "store",
            format!("the folder of `{shown}` {reason}"),
        )];
    }
    if !path.exists() {
        return vec![Finding::good(
            "store",
            format!("`{shown}` will be made; its folder can be written"),
        )];
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let tables = Connection::open_with_flags(path, flags).and_then(|file| {
        file.query_row("SELECT count(*) FROM sqlite_schema", [], |row| {
            row.get::<_, i64>(0)
        })
    });
    let read = match tables {
        Ok(_) => Finding::good("store", format!("`{shown}` is there and can be read")),
        Err(error) => {
            let sentence = format!(
                "`{shown}` cannot be read as an SQLite file: {error}; give another `store.path`"
            );
            Finding::wrong("store", sentence)
        }
    };
    let writable = std::fs::OpenOptions::new().write(true).open(path);
    match writable {
        Ok(_) => vec![read],
        Err(error) => vec![
            read,
            Finding::wrong("store", format!("`{shown}` cannot be written: {error}")),
        ],
    }
}
