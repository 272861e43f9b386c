//! Forgetting, a step at a time, so that commits get their turn in between.

use rusqlite::Connection;

use super::fault::Fault;
use super::write;
use super::writer::Writer;
use crate::store::join::{Counted, Entry, closed_at, timeless};

/// Rows that one step looks at.
const STEP_ROWS: usize = 20_000;
/// Clients that one step changes.
const STEP_CLIENTS: usize = 1_000;
/// Transitions that one step drops.
const STEP_TRANSITIONS: u64 = 10_000;

/// What one step of forgetting did.
#[derive(Debug)]
pub(super) struct Step {
    /// Channels that went.
    pub gone: u64,
    /// Where the next step starts; `None` after the last client.
    pub next: Option<String>,
}

impl Writer {
    /// Forgets channels of the clients after `after`.
    pub(super) fn forget(&mut self, after: &str, now: u64) -> Result<Step, Fault> {
        let (due, next) = self.due(after, now)?;
        if due.is_empty() {
            return Ok(Step { gone: 0, next });
        }
        self.load(due.iter().map(String::as_str))?;
        let options = &self.shared.options;
        let timeless = timeless(options);
        let mut gone = 0;
        let mut totals = self.shared.cache().totals.clone();
        let mut changed: Vec<(String, Entry)> = Vec::new();
        for id in due {
            let Some(mut entry) = self.shared.cache().get(&id).cloned() else {
                continue;
            };
            let before = Counted::of(&entry.client, &timeless);
            gone += entry.client.forget(now, options) as u64;
            totals.change(before, Counted::of(&entry.client, &timeless));
            // Without anything to forget too: its row, of a version before or
            // of another rule, named it too soon.
            changed.push((id, entry));
        }
        let transaction = self.begin()?;
        for (id, entry) in &changed {
            self.write_client(&transaction, id, entry)?;
        }
        write::totals(&transaction, &totals)?;
        transaction.commit()?;
        self.shared.cache_mut().totals = totals;
        self.shared.change_each(changed, |cache, (id, entry)| {
            cache.insert(&id, entry, self.batch, self.batch);
        });
        self.evict_if_due();
        Ok(Step { gone, next })
    }

    /// The next clients that may have something to forget.
    fn due(&self, after: &str, now: u64) -> Result<(Vec<String>, Option<String>), Fault> {
        let latest = now.saturating_sub(self.shared.options.retention);
        let (mut due, mut next) = self.due_rows(after, latest)?;
        let cache = self.shared.cache();
        let here = |id: &&str| next.as_deref().is_none_or(|next| *id <= next);
        let fresh = cache.fresh("", Some(after)).take_while(here);
        let fresh = fresh.filter(|id| {
            let closed_at = cache.get(id).and_then(|entry| self.closed_at(entry));
            closed_at.is_some_and(|at| at < latest)
        });
        due.extend(fresh.map(str::to_owned));
        if due.len() > STEP_CLIENTS {
            due.sort_unstable();
            due.truncate(STEP_CLIENTS);
            next = due.last().cloned();
        }
        Ok((due, next))
    }

    /// Those with a row. Rows of dirty clients are behind, so for those in
    /// memory memory is asked.
    fn due_rows(&self, after: &str, latest: u64) -> Result<(Vec<String>, Option<String>), Fault> {
        let cache = self.shared.cache();
        let mut select = self.connection.prepare_cached(
            "SELECT client_id, closed_at FROM client WHERE client_id > ?1 ORDER BY client_id",
        )?;
        let mut rows = select.query([after])?;
        let mut due = Vec::new();
        let mut seen = 0;
        while let Some(row) = rows.next()? {
            let id = row.get_ref(0)?.as_str().map_err(rusqlite::Error::from)?;
            let closed_at = match cache.get(id) {
                Some(entry) => self.closed_at(entry),
                None => row.get::<_, Option<i64>>(1)?.map(i64::cast_unsigned),
            };
            seen += 1;
            if closed_at.is_some_and(|at| at < latest) {
                due.push(id.to_owned());
            }
            if seen == STEP_ROWS || due.len() == STEP_CLIENTS {
                let next = id.to_owned();
                return Ok((due, Some(next)));
            }
        }
        Ok((due, None))
    }

    fn closed_at(&self, entry: &Entry) -> Option<u64> {
        closed_at(&entry.client, self.shared.options.closing)
    }

    /// Drops transitions that are too old; answers whether there may be more.
    pub(super) fn trim(&mut self, now: u64) -> Result<bool, Fault> {
        let limit = now.saturating_sub(self.shared.settings.keep.history_age);
        let last = self.shared.cache().totals.last_transition;
        let end = last.min(self.oldest.saturating_add(STEP_TRANSITIONS - 1));
        let transaction = self.begin()?;
        // The first that is young enough stays, and all after it.
        let young: Option<i64> = transaction
            .prepare_cached(
                "SELECT min(id) FROM transition WHERE id BETWEEN ?1 AND ?2 AND observed_at >= ?3",
            )?
            .query_row(
                [
                    self.oldest.cast_signed(),
                    end.cast_signed(),
                    i64::try_from(limit).unwrap_or(i64::MAX),
                ],
                |row| row.get(0),
            )?;
        let keep = young.map_or(end + 1, i64::cast_unsigned);
        if keep <= self.oldest {
            return Ok(false);
        }
        drop_history(&transaction, keep)?;
        transaction.commit()?;
        self.oldest = keep;
        Ok(young.is_none() && end < last)
    }

    /// Keeps history within its number of rows as a commit adds `more`;
    /// answers the oldest then kept.
    pub(super) fn cap_history(
        &self,
        connection: &Connection,
        last: u64,
        more: u64,
    ) -> Result<u64, Fault> {
        let first = (last + 1).saturating_sub(self.shared.settings.keep.history_rows);
        // Twice as many go as come, so a bound that was lowered is reached
        // soon and no commit takes long.
        let keep = first.min(self.oldest + 2 * more + 1);
        if keep <= self.oldest {
            return Ok(self.oldest);
        }
        drop_history(connection, keep)?;
        Ok(keep)
    }
}

fn drop_history(connection: &Connection, keep: u64) -> Result<(), Fault> {
    connection
        .prepare_cached("DELETE FROM transition WHERE id < ?1")?
        .execute([keep.cast_signed()])?;
    Ok(())
}
