//! The tables, and how older files become newer ones.

use std::path::Path;

use rusqlite::{Connection, Transaction, TransactionBehavior};

use super::fault::Fault;
use crate::store::StoreTrouble;

/// Marks the file as ours: `mqpr`.
const APPLICATION: i32 = 0x6d71_7072;

/// Each brings a file from the version that is its position to the next.
/// Never change one that was released: add another.
const MIGRATIONS: &[&str] = &[FIRST, SYNTHETIC, SINKS, PLACES, RECORDS];

const FIRST: &str = "
-- What the totals were counted under, and the like.
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;

-- Running totals and the last numbers given.
CREATE TABLE total (
    name TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) WITHOUT ROWID;

-- Clients. A row includes the batches up to `batch`; later ones, and clients
-- that have no row yet, are in `log`. `closed_at` is the earliest of its closed channels.
CREATE TABLE client (
    client_id TEXT PRIMARY KEY,
    batch INTEGER NOT NULL,
    newest_transition INTEGER NOT NULL,
    closed_at INTEGER,
    record TEXT NOT NULL
) WITHOUT ROWID;

-- Append only. `previous` is the transition of the same client before this
-- one, so a client's history is a chain and needs no index.
CREATE TABLE transition (
    id INTEGER PRIMARY KEY,
    previous INTEGER NOT NULL,
    client_id TEXT NOT NULL,
    online INTEGER NOT NULL,
    time INTEGER NOT NULL,
    observed_at INTEGER NOT NULL,
    channel_id TEXT NOT NULL,
    event_type TEXT NOT NULL,
    message_id TEXT
);

-- Committed events that some rows of `client` do not include yet.
CREATE TABLE log (
    batch INTEGER PRIMARY KEY,
    events BLOB NOT NULL
);

CREATE TABLE quarantine (
    id INTEGER PRIMARY KEY,
    at INTEGER NOT NULL,
    message_id TEXT,
    origin TEXT NOT NULL,
    code TEXT NOT NULL,
    field TEXT,
    message TEXT NOT NULL,
    raw BLOB NOT NULL
);
CREATE INDEX quarantine_message ON quarantine (message_id) WHERE message_id IS NOT NULL;

CREATE TABLE checkpoint (
    key TEXT PRIMARY KEY,
    value TEXT NOT NULL
) WITHOUT ROWID;
";

const SYNTHETIC: &str = "
-- Whether a list of connections told the transition, and no event.
ALTER TABLE transition ADD COLUMN synthetic INTEGER NOT NULL DEFAULT 0;
";

const SINKS: &str = "
-- The last transition that a sink need not deliver any more.
CREATE TABLE sink (
    name TEXT PRIMARY KEY,
    place INTEGER NOT NULL
) WITHOUT ROWID;

-- Transitions that a sink gave up on, and why.
CREATE TABLE dead_letter (
    sink TEXT NOT NULL,
    id INTEGER NOT NULL,
    letter TEXT NOT NULL,
    PRIMARY KEY (sink, id)
) WITHOUT ROWID;
";

const PLACES: &str = "
-- Where the message of a transition's event lies.
ALTER TABLE transition ADD COLUMN topic TEXT;
ALTER TABLE transition ADD COLUMN queue INTEGER;
ALTER TABLE transition ADD COLUMN queue_offset INTEGER;
";

const RECORDS: &str = "
-- A client's `record` is bytes from here on; a row keeps its JSON until it is
-- written again.
";

/// Refuses files of other programs and of newer versions of this one.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), Fault> {
    let application: i32 = pragma(connection, "application_id")?;
    let version: usize = version(connection)?;
    let tables: i64 =
        connection.query_row("SELECT count(*) FROM sqlite_schema", [], |row| row.get(0))?;
    if application != APPLICATION && tables > 0 {
        let sentence = format!(
            "`{}` is the database of another program; name another file",
            path.display()
        );
        return Err(Fault::Sentence(StoreTrouble::NotADatabase, sentence));
    }
    if version > MIGRATIONS.len() {
        let sentence = format!(
            "`{}` was written by a newer mqtt-presence (schema {version}, this one knows {}); \
             use that version or name another file",
            path.display(),
            MIGRATIONS.len()
        );
        return Err(Fault::Sentence(StoreTrouble::Newer, sentence));
    }
    Ok(())
}

/// Brings the file to the newest version.
pub(super) fn migrate(connection: &Connection) -> Result<(), Fault> {
    for (before, migration) in MIGRATIONS.iter().enumerate().skip(version(connection)?) {
        let transaction = Transaction::new_unchecked(connection, TransactionBehavior::Immediate)?;
        transaction.execute_batch(migration)?;
        transaction.pragma_update(None, "application_id", APPLICATION)?;
        transaction.pragma_update(None, "user_version", before as i64 + 1)?;
        transaction.commit()?;
    }
    Ok(())
}

fn version(connection: &Connection) -> Result<usize, Fault> {
    let version: i32 = pragma(connection, "user_version")?;
    // A negative one is as unknown as a newer one.
    Ok(usize::try_from(version).unwrap_or(usize::MAX))
}

fn pragma(connection: &Connection, name: &str) -> Result<i32, Fault> {
    Ok(connection.pragma_query_value(None, name, |row| row.get(0))?)
}
