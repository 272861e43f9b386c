//! Folding: changed clients move from memory to their rows, so that the log
//! can be cut.
//!
//! A pass takes the clients that are dirty when it starts, in key order, and
//! writes a slice of them with each commit. When it has written them all, the
//! log up to its start is no longer needed. Rows of one slice are neighbours,
//! so they share pages: that is what makes a fold many times cheaper than
//! writing each client when it changes.

use std::sync::Arc;

use rusqlite::Connection;

use super::fault::Fault;
use super::write;
use super::writer::Writer;
use crate::store::join::Entry;

/// A pass starts when the log is longer than this: some 600,000 events. A start
/// after a crash applies as many, or twice as many, to rows anywhere in the file.
const LOG_BYTES: usize = 64 * 1024 * 1024;
/// Clients that a commit folds at least while a pass is under way.
const SLICE: usize = 64;
/// Clients in one commit of a fold that has nothing to go with.
const LARGE_SLICE: usize = 10_000;

/// A pass over the dirty clients.
#[derive(Debug)]
pub(super) struct Pass {
    /// The last batch before the pass; the log up to it goes with the pass.
    until: u64,
    /// How long the log was then, or as long as it may become.
    log_bytes: usize,
    keys: Vec<Arc<str>>,
    next: usize,
}

impl Writer {
    /// Starts a pass if the log or the memory is over its bound.
    pub(super) fn start_pass_if_due(&mut self) {
        let bytes = self.shared.cache().bytes();
        let due = self.log_bytes > LOG_BYTES || bytes > self.shared.settings.cache_bytes;
        if due && self.pass.is_none() {
            self.start_pass();
        }
    }

    fn start_pass(&mut self) {
        self.pass = Some(Pass {
            until: self.batch,
            log_bytes: self.log_bytes.max(LOG_BYTES),
            keys: self.shared.cache().dirty(),
            next: 0,
        });
    }

    /// How many clients a commit should fold that touched so many and adds so
    /// many bytes to the log: enough to end the pass before the log has grown
    /// by its length, and where memory is short more than can become dirty.
    pub(super) fn fold_share(&self, touched: usize, bytes: usize) -> usize {
        let Some(pass) = &self.pass else { return 0 };
        let over = self.shared.cache().bytes() > self.shared.settings.cache_bytes;
        let least = if over { 2 * touched } else { SLICE };
        least.max(pass.keys.len() * bytes / pass.log_bytes)
    }

    /// Writes the next clients of the pass as they were after the last
    /// commit, and cuts the log if these were the last. Answers how many.
    pub(super) fn fold(&self, connection: &Connection, most: usize) -> Result<usize, Fault> {
        let Some(pass) = &self.pass else {
            return Ok(0);
        };
        let cache = self.shared.cache();
        let slice = &pass.keys[pass.next..];
        let slice = &slice[..most.min(slice.len())];
        for id in slice {
            if let Some(cached) = cache.cached(id)
                && cached.dirty
            {
                self.write_client(connection, id, &cached.entry)?;
            }
        }
        if pass.next + slice.len() == pass.keys.len() {
            connection
                .prepare_cached("DELETE FROM log WHERE batch <= ?1")?
                .execute([pass.until.cast_signed()])?;
        }
        Ok(slice.len())
    }

    /// Writes the row of a client as it is now.
    pub(super) fn write_client(
        &self,
        connection: &Connection,
        id: &str,
        entry: &Entry,
    ) -> Result<(), Fault> {
        let closing = self.shared.options.closing;
        let Entry { client, newest } = entry;
        write::client(connection, id, client, *newest, self.batch, closing)
    }

    /// After the commit of [`Writer::fold`]: its rows go up to `batch`.
    pub(super) fn note_folded(&mut self, count: usize, batch: u64) {
        let Some(pass) = &mut self.pass else {
            return;
        };
        let folded = &pass.keys[pass.next..pass.next + count];
        self.shared
            .change_each(folded, |cache, id| cache.folded(id, batch));
        pass.next += count;
        if pass.next < pass.keys.len() {
            return;
        }
        while let Some((batch, bytes)) = self.log.front()
            && *batch <= pass.until
        {
            self.log_bytes -= bytes;
            self.log.pop_front();
        }
        self.pass = None;
    }

    /// Drops clients that were not used for long if memory is over its bound.
    /// Those of a commit that is under way must stay until it is merged.
    pub(super) fn evict_if_due(&self) {
        let bound = self.shared.settings.cache_bytes;
        if self.pass.is_some() || self.shared.cache().bytes() <= bound {
            return;
        }
        // Room for a while, so that it is not looked for in each commit.
        let oldest = self.shared.cache().oldest(bound / 4 * 3);
        self.shared
            .change_each(oldest, |cache, id| cache.evict(&id));
    }

    /// Folds all dirty clients now.
    pub(super) fn fold_all(&mut self) -> Result<(), Fault> {
        // The first round ends a pass that is under way, the second folds
        // what became dirty behind it.
        while self.pass.is_some() || !self.log.is_empty() {
            if self.pass.is_none() {
                self.start_pass();
            }
            let transaction = self.begin()?;
            let folded = self.fold(&transaction, LARGE_SLICE)?;
            transaction.commit()?;
            self.note_folded(folded, self.batch);
        }
        Ok(())
    }
}
