//! Opening the file: the lock, the settings of SQLite, the schema.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::fault::Fault;
use super::schema;
use crate::store::{StoreError, StoreTrouble};

/// How long a statement waits for another program's lock before it fails.
const BUSY: Duration = Duration::from_secs(2);

/// Held while the store is open, so that no second service writes the file.
/// The operating system lets go of it when the process ends, however it ends.
#[derive(Debug)]
pub(super) struct Lock {
    _file: File,
}

pub(super) fn open(path: &Path) -> Result<(Lock, Connection), StoreError> {
    let open = || Ok((lock(path)?, connect(path)?));
    open().map_err(|fault: Fault| fault.at_start(path))
}

/// Looks without changing anything: can it be read, is it ours, is it free?
pub(super) fn look(path: &Path) -> Result<(), StoreError> {
    let look = || -> Result<(), Fault> {
        let connection = connect_reader(path)?;
        schema::check(&connection, path)?;
        // A lock that nobody made is free.
        let held = OpenOptions::new()
            .write(true)
            .open(lock_name(path))
            .is_ok_and(|file| matches!(file.try_lock(), Err(TryLockError::WouldBlock)));
        if held {
            return Err(in_use(path));
        }
        Ok(())
    };
    look().map_err(|fault| fault.at_start(path))
}

fn lock_name(path: &Path) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(".lock");
    PathBuf::from(name)
}

fn in_use(path: &Path) -> Fault {
    let sentence = format!(
        "`{}` is in use by another mqtt-presence; end that one or name another file",
        path.display()
    );
    Fault::Sentence(StoreTrouble::InUse, sentence)
}

fn unfit(sentence: String) -> Fault {
    Fault::Sentence(StoreTrouble::Other, sentence)
}

fn lock(path: &Path) -> Result<Lock, Fault> {
    let folder = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    if !folder.is_dir() {
        return Err(unfit(format!(
            "the folder `{}` does not exist; make it or name another file",
            folder.display()
        )));
    }
    if path.is_dir() {
        return Err(unfit(format!(
            "`{}` is a folder; name a file in it",
            path.display()
        )));
    }
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(lock_name(path))
        .map_err(|error| {
            unfit(format!(
                "the folder `{}` cannot be written ({error}); give this user the right to write there or name another file",
                folder.display()
            ))
        })?;
    match file.try_lock() {
        Ok(()) => Ok(Lock { _file: file }),
        Err(TryLockError::WouldBlock) => Err(in_use(path)),
        Err(TryLockError::Error(error)) => Err(unfit(format!(
            "`{}` cannot be locked ({error}); put it on a disk that can lock files",
            path.display()
        ))),
    }
}

fn connect(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE
        | OpenFlags::SQLITE_OPEN_CREATE
        | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.set_prepared_statement_cache_capacity(64);
    if connection.is_readonly("main")? {
        let sentence = format!(
            "`{}` cannot be written; give this user the right to write it",
            path.display()
        );
        return Err(Fault::Sentence(StoreTrouble::NotPermitted, sentence));
    }
    // Looks before it touches anything: the file may be somebody else's.
    schema::check(&connection, path)?;
    // Larger pages than the default: a client with a few channels fits.
    connection.pragma_update(None, "page_size", 8192)?;
    let mode: String =
        connection.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(unfit(format!(
            "`{}` is on a disk where SQLite cannot keep a write-ahead log (`{mode}`); use a local disk",
            path.display()
        )));
    }
    // Each commit is synced to the disk, which a power cut does not undo.
    connection.pragma_update(None, "synchronous", "full")?;
    // 64 MiB of log before its pages move to the file, so that a page that
    // changes in many commits moves once.
    connection.pragma_update(None, "wal_autocheckpoint", 8192)?;
    connection.pragma_update(None, "journal_size_limit", 256 * 1024 * 1024)?;
    // Negative: KiB. Most of it holds the inner pages and the end of tables.
    connection.pragma_update(None, "cache_size", -64 * 1024)?;
    connection.pragma_update(None, "temp_store", "memory")?;
    schema::migrate(&connection)?;
    Ok(connection)
}

/// A connection for queries.
pub(super) fn connect_reader(path: &Path) -> Result<Connection, Fault> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "cache_size", -16 * 1024)?;
    Ok(connection)
}
