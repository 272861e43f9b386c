//! The state file: which channels are open, and the events on their way to the
//! target. SQLite, so that a change costs its own rows alone and a crash leaves
//! all of it or none.

use std::path::{Path, PathBuf};

use mqtt_presence_core::lifecycle::Open;
use rusqlite::types::Type;
use rusqlite::{Connection, Error, ErrorCode, OptionalExtension, params};

use super::super::failure::Failure;
use super::target::Item;

const SCHEMA: &str = "
    PRAGMA locking_mode = EXCLUSIVE;
    PRAGMA journal_mode = WAL;
    PRAGMA synchronous = FULL;
    CREATE TABLE IF NOT EXISTS bridge_client (client_id TEXT PRIMARY KEY, state TEXT NOT NULL) WITHOUT ROWID;
    CREATE TABLE IF NOT EXISTS bridge_outbox (place INTEGER PRIMARY KEY, item TEXT NOT NULL);
    CREATE TABLE IF NOT EXISTS bridge_broker (id INTEGER PRIMARY KEY CHECK (id = 1), started INTEGER NOT NULL);";
pub(super) struct Keep(Option<(PathBuf, Connection)>);

impl Keep {
    /// The file, made if it is not there, and what it knows.
    pub fn open(path: Option<&Path>) -> Result<(Keep, Open), Failure> {
        let Some(path) = path else {
            return Ok((Keep(None), Open::default()));
        };
        let (connection, open) = load(path).map_err(|error| said(path, &error))?;
        Ok((Keep(Some((path.to_owned(), connection))), open))
    }

    /// Whether what is saved outlives the bridge.
    pub fn lasts(&self) -> bool {
        self.0.is_some()
    }

    /// Keeps these clients, what is to be handed over for them, and when the broker
    /// started, flushed; where the last item lies.
    pub fn save(
        &mut self,
        changed: &[(String, String)],
        items: &[Item],
        started: Option<u64>,
    ) -> Result<i64, Failure> {
        if changed.is_empty() && items.is_empty() {
            return Ok(0);
        }
        self.with(|connection| store(connection, changed, items, started))
    }

    /// When the broker started, in milliseconds since 1970, if that was saved.
    pub fn broker_started(&mut self) -> Result<Option<u64>, Failure> {
        self.with(|connection| {
            let query = "SELECT started FROM bridge_broker";
            let started = connection.query_row(query, [], |row| row.get::<_, i64>(0));
            Ok(started.optional()?.and_then(|at| u64::try_from(at).ok()))
        })
    }

    /// What was kept and not handed over, in its order, and where the last of it lies.
    pub fn outbox(&mut self) -> Result<(Vec<Item>, i64), Failure> {
        self.with(|connection| waiting(connection))
    }

    /// The target has all that was kept up to this place. Not flushed: what a power
    /// failure brings back is handed over twice, which changes nothing.
    pub fn handed_over(&mut self, place: i64) -> Result<(), Failure> {
        self.with(|connection| {
            connection.execute_batch("PRAGMA synchronous = NORMAL")?;
            connection
                .prepare_cached("DELETE FROM bridge_outbox WHERE place <= ?1")?
                .execute([place])?;
            connection.execute_batch("PRAGMA synchronous = FULL")
        })
    }

    /// Nothing where there is no file.
    fn with<T: Default>(
        &mut self,
        work: impl FnOnce(&mut Connection) -> Result<T, Error>,
    ) -> Result<T, Failure> {
        match &mut self.0 {
            Some((path, connection)) => work(connection).map_err(|error| said(path, &error)),
            None => Ok(T::default()),
        }
    }
}

fn load(path: &Path) -> Result<(Connection, Open), Error> {
    let connection = Connection::open(path)?;
    connection.execute_batch(SCHEMA)?;
    let mut open = Open::kept();
    {
        let mut all = connection.prepare("SELECT client_id, state FROM bridge_client")?;
        let mut rows = all.query([])?;
        while let Some(row) = rows.next()? {
            let state: String = row.get(1)?;
            let restored = open.restore(row.get(0)?, &state);
            restored
                .map_err(|error| Error::FromSqlConversionFailure(1, Type::Text, error.into()))?;
        }
    }
    Ok((connection, open))
}

fn waiting(connection: &Connection) -> Result<(Vec<Item>, i64), Error> {
    let mut last = 0;
    let items = connection
        .prepare("SELECT item, place FROM bridge_outbox ORDER BY place")?
        .query_map([], |row| {
            last = row.get(1)?;
            Ok(Item::read(row.get(0)?))
        })?
        .collect::<Result<_, Error>>()?;
    Ok((items, last))
}

fn store(
    connection: &mut Connection,
    changed: &[(String, String)],
    items: &[Item],
    started: Option<u64>,
) -> Result<i64, Error> {
    let transaction = connection.transaction()?;
    {
        let mut insert =
            transaction.prepare_cached("INSERT OR REPLACE INTO bridge_client VALUES (?1, ?2)")?;
        for (client, state) in changed {
            insert.execute(params![client, state])?;
        }
        let mut insert =
            transaction.prepare_cached("INSERT INTO bridge_outbox (item) VALUES (?1)")?;
        for item in items {
            insert.execute([item.line()])?;
        }
    }
    let place = transaction.last_insert_rowid();
    if let Some(started) = started {
        transaction
            .prepare_cached("INSERT OR REPLACE INTO bridge_broker VALUES (1, ?1)")?
            .execute([i64::try_from(started).unwrap_or(i64::MAX)])?;
    }
    transaction.commit()?;
    Ok(place)
}

fn said(path: &Path, error: &Error) -> Failure {
    let path = path.display();
    Failure::Said(match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy) => format!(
            "`--state`: `{path}` is in use by another bridge: end that one, or name another file"
        ),
        Some(ErrorCode::NotADatabase) => {
            format!(
                "`--state`: `{path}` holds no state of a bridge; name another file, or delete it to begin anew"
            )
        }
        Some(ErrorCode::CannotOpen | ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => format!(
            "`--state`: `{path}` cannot be opened for writing ({error}): name a file in a folder that this user may write"
        ),
        Some(ErrorCode::DiskFull) => {
            format!("`--state`: `{path}` cannot be written: the disk is full")
        }
        _ => format!("`--state`: `{path}` cannot be used: {error}"),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_presence_core::lifecycle::{Adapter, Fields, Format};

    use super::*;

    fn adapter(open: Open) -> Adapter {
        Adapter::new(Format::Mosquitto, Fields::default(), open)
    }

    fn said(outcome: Result<(Keep, Open), Failure>) -> String {
        match outcome {
            Ok(_) => panic!("it was opened"),
            Err(Failure::Said(sentence)) => sentence,
            Err(Failure::PipeClosed) => panic!("no pipe is involved"),
        }
    }

    #[test]
    fn what_is_open_outlives_the_bridge_and_a_change_is_one_row() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bridge.state");
        let (mut keep, open) = Keep::open(Some(&path)).unwrap();
        let mut bridge = adapter(open);
        for client in 0..1_000 {
            let line = format!(
                "1700000000: New client connected from 10.0.0.1:5 as c{client} (p2, c1, k60)."
            );
            bridge.read("", line.as_bytes(), 0).unwrap();
        }
        let changed = bridge.changed();
        assert_eq!(changed.len(), 1_000);
        keep.save(&changed, &[], None).unwrap();
        bridge
            .read("", b"1700000001: Client c7 disconnected.", 0)
            .unwrap();
        let changed = bridge.changed();
        assert_eq!(changed.len(), 1);
        keep.save(&changed, &[], None).unwrap();
        assert!(said(Keep::open(Some(&path))).contains("in use by another bridge"));
        drop(keep);

        let (_keep, open) = Keep::open(Some(&path)).unwrap();
        assert_eq!(open.len(), 999);
        let mut again = adapter(open);
        let ended = again
            .read("", b"1700000002: Client c8 closed its connection.", 0)
            .unwrap();
        assert_eq!(ended[0].channel_id, "c8@10.0.0.1:5@1700000000000");
        // The line that was there before the restart means the same again.
        let ended = again
            .read("", b"1700000001: Client c7 disconnected.", 0)
            .unwrap();
        assert_eq!(ended[0].channel_id, "c7@10.0.0.1:5@1700000000000");
    }

    #[test]
    fn what_was_not_handed_over_is_there_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bridge.state");
        let (mut keep, open) = Keep::open(Some(&path)).unwrap();
        let mut bridge = adapter(open);
        let mut items = vec![Item::Unknown(r#"{"adapter":"mosquitto"}"#.into())];
        for line in [
            "1700000000: New client connected from 10.0.0.1:5 as c (p2, c1, k60).",
            "1700000001: Client c closed its connection.",
        ] {
            let events = bridge.read("", line.as_bytes(), 0).unwrap();
            items.extend(events.into_iter().map(Item::Event));
        }
        keep.save(&bridge.changed(), &items[..2], None).unwrap();
        keep.save(&[], &items[2..], Some(17)).unwrap();
        drop(keep);

        let lines = |items: &[Item]| items.iter().map(Item::line).collect::<Vec<_>>();
        let (mut keep, _) = Keep::open(Some(&path)).unwrap();
        assert_eq!(keep.broker_started().unwrap(), Some(17));
        let (left, last) = keep.outbox().unwrap();
        assert_eq!(lines(&left), lines(&items));
        assert!(matches!(
            left[..],
            [Item::Unknown(_), Item::Event(_), Item::Event(_)]
        ));
        keep.handed_over(last - 1).unwrap();
        assert_eq!(lines(&keep.outbox().unwrap().0), lines(&items[2..]));
        keep.handed_over(last).unwrap();
        assert!(keep.outbox().unwrap().0.is_empty());
    }

    #[test]
    fn a_file_that_is_no_state_is_a_sentence() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("notes.txt");
        std::fs::write(&path, "these are notes, ".repeat(100)).unwrap();
        assert!(said(Keep::open(Some(&path))).contains("holds no state of a bridge"));
        assert!(
            said(Keep::open(Some(&folder.path().join("none/state")))).contains("cannot be opened")
        );
    }
}
