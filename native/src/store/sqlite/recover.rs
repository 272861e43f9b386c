//! From the file to a writer: totals, and the log over the rows that lack it.

use std::collections::VecDeque;
use std::panic::resume_unwind;
use std::sync::Arc;

use mqtt_presence_core::presence::{Last, Options};
use rusqlite::{Connection, OptionalExtension, TransactionBehavior, params};

use super::fault::Fault;
use super::log::{self, Logged};
use super::read::{Shared, rows, unsigned};
use super::write;
use super::writer::Writer;
use crate::store::join::{Counted, Entry, closed_at, timeless};

/// Under this key of `meta` is the rule that the totals were counted under.
const COUNTED_UNDER: &str = "totals_counted_under";

/// A row of the log.
struct Row {
    batch: u64,
    now: u64,
    events: Vec<Logged>,
}

impl Writer {
    pub(super) fn recover(connection: Connection, shared: Arc<Shared>) -> Result<Writer, Fault> {
        let totals = write::read_totals(&connection)?;
        let oldest: Option<i64> =
            connection.query_row("SELECT min(id) FROM transition", [], |row| row.get(0))?;
        let mut writer = Writer {
            oldest: oldest.map_or(totals.last_transition + 1, i64::cast_unsigned),
            connection,
            batch: totals.batches,
            log: VecDeque::new(),
            log_bytes: 0,
            pass: None,
            shared,
        };
        writer.shared.newest.send_replace(totals.last_transition);
        writer.shared.cache_mut().totals = totals;
        writer.apply_log()?;
        writer.recount_if_rule_changed()?;
        Ok(writer)
    }

    fn apply_log(&mut self) -> Result<(), Fault> {
        let logged = self.read_log()?;
        self.load_for(&logged)?;
        let mut cache = self.shared.cache_mut();
        for row in logged {
            for logged in row.events {
                let id = &logged.event.client_id;
                let cached = cache.known_or_fresh(id, row.batch);
                if cached.folded >= row.batch {
                    continue;
                }
                replay(&mut cached.entry, &logged, row.now, &self.shared.options);
                cached.dirty = true;
            }
        }
        cache.measure();
        Ok(())
    }

    /// The rows of all clients in the log, the later half of them on a second
    /// connection: a start after a crash spends most of its time on them.
    fn load_for(&self, logged: &[Row]) -> Result<(), Fault> {
        let events = logged.iter().flat_map(|row| &row.events);
        let mut ids: Vec<&str> = events
            .map(|logged| logged.event.client_id.as_str())
            .collect();
        if ids.is_empty() {
            return Ok(());
        }
        let middle = ids.len() / 2;
        ids.select_nth_unstable(middle);
        let later = ids.split_off(middle);
        let shared = &self.shared;
        let (earlier, later) = std::thread::scope(|scope| {
            let beside = scope
                .spawn(|| shared.ask(|view| rows(view.connection.unchecked_transaction()?, later)));
            let reading = self.begin_as(TransactionBehavior::Deferred);
            let earlier = reading.and_then(|reading| rows(reading, ids));
            (earlier, beside.join())
        });
        self.take_in(earlier?);
        self.take_in(later.unwrap_or_else(|panic| resume_unwind(panic))?);
        Ok(())
    }

    fn read_log(&mut self) -> Result<Vec<Row>, Fault> {
        let mut select = self
            .connection
            .prepare("SELECT batch, events FROM log ORDER BY batch")?;
        let mut rows = select.query([])?;
        let mut read = Vec::new();
        while let Some(row) = rows.next()? {
            let batch = unsigned(row, 0)?;
            let bytes = row.get_ref(1)?.as_blob().map_err(rusqlite::Error::from)?;
            let (now, events) = log::decode(bytes)
                .ok_or_else(|| Fault::Row(format!("batch {batch} of its log cannot be read")))?;
            self.log.push_back((batch, bytes.len()));
            self.log_bytes += bytes.len();
            read.push(Row { batch, now, events });
        }
        Ok(read)
    }

    /// Running totals hold for the rule they were counted under, and so does
    /// when channels were closed.
    fn recount_if_rule_changed(&self) -> Result<(), Fault> {
        let options = timeless(&self.shared.options);
        let rule = format!(
            "closing={:?} takeover={}",
            options.closing, options.takeover
        );
        let counted_under: Option<String> = self
            .connection
            .query_row(
                "SELECT value FROM meta WHERE key = ?1",
                [COUNTED_UNDER],
                |row| row.get(0),
            )
            .optional()?;
        if counted_under.as_ref() == Some(&rule) {
            return Ok(());
        }
        let mut totals = self.shared.cache().totals.without_clients();
        let transaction = self.begin()?;
        let mut select = transaction.prepare("SELECT client_id, record, closed_at FROM client")?;
        let mut update =
            transaction.prepare("UPDATE client SET closed_at = ?2 WHERE client_id = ?1")?;
        let mut rows = select.query([])?;
        while let Some(row) = rows.next()? {
            let id: String = row.get(0)?;
            let cache = self.shared.cache();
            let read;
            let client = match cache.get(&id) {
                Some(entry) => &entry.client,
                None => {
                    read = write::client_of(&id, row, 1)?;
                    &read
                }
            };
            totals.add(Counted::of(client, &options));
            let closed_at = closed_at(client, options.closing).map(u64::cast_signed);
            if closed_at != row.get(2)? {
                update.execute(params![id, closed_at])?;
            }
        }
        drop(rows);
        drop((select, update));
        let cache = self.shared.cache();
        for entry in cache.fresh("", None).filter_map(|id| cache.get(id)) {
            totals.add(Counted::of(&entry.client, &options));
        }
        drop(cache);
        write::totals(&transaction, &totals)?;
        transaction.execute(
            "INSERT OR REPLACE INTO meta (key, value) VALUES (?1, ?2)",
            params![COUNTED_UNDER, rule],
        )?;
        transaction.commit()?;
        self.shared.cache_mut().totals = totals;
        Ok(())
    }
}

/// Joins an event, and flips where its commit did, whatever the rule says now:
/// history has those flips and no others, and they alternate.
fn replay(entry: &mut Entry, logged: &Logged, now: u64, options: &Options) {
    let Logged {
        event,
        origin,
        transition,
    } = logged;
    let client = &mut entry.client;
    let before = client.last;
    client.apply(event, origin, now, options);
    client.last = match transition {
        0 => before,
        _ => Some(Last {
            online: !before.is_some_and(|last| last.online),
            time: event.time,
            observed_at: now,
        }),
    };
    entry.newest = entry.newest.max(*transition);
}
