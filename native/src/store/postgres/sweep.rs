//! Forgetting, a step at a time, so that commits get their turn in between;
//! and counting anew when the rule has changed.

use tokio::time::timeout;

use super::fault::Fault;
use super::link::Link;
use super::read::client_of;
use super::totals::{self, columns};
use super::write::Rows;
use super::writer::Writer;
use super::{PATIENCE, Shared, partition, text};
use crate::store::join::{Counted, Entry, timeless};

/// Clients that one step changes.
const STEP: i64 = 1_000;

const DUE: &str = "
SELECT client_id, last_transition, closed_at, record::text FROM client
WHERE closed_at < $1::bigint AND (closed_at, client_id) > ($2::bigint, $3::text)
ORDER BY closed_at, client_id LIMIT $4::bigint";
const ALL: &str = "
SELECT client_id, last_transition, record::text FROM client
WHERE client_id > $1::text OR $2::boolean ORDER BY client_id LIMIT $3::bigint";
const YOUNG: &str = "
SELECT id FROM transition
WHERE id >= (SELECT oldest_transition FROM total) AND observed_at >= $1::bigint
ORDER BY id LIMIT 1";
/// Notes of instances that committed nothing for a day.
const NOTES: &str = "
DELETE FROM checkpoint
WHERE key LIKE 'instance:%' AND split_part(value, ' ', 2)::bigint < $1::bigint - 86400000";
const TRIM: &str = "
UPDATE total SET oldest_transition = greatest(oldest_transition, $1::bigint)
RETURNING oldest_transition";

/// Where a step of forgetting begins.
#[derive(Clone, Debug)]
pub(super) struct Cursor {
    closed_at: i64,
    client_id: String,
}

impl Cursor {
    pub fn start() -> Cursor {
        Cursor {
            closed_at: i64::MIN,
            client_id: String::new(),
        }
    }
}

impl Writer {
    /// Forgets channels of the next clients: how many went, and where the next
    /// step begins unless this was the last.
    pub async fn forget_step(
        &mut self,
        shared: &Shared,
        from: Cursor,
        now: u64,
    ) -> Result<(u64, Option<Cursor>), Fault> {
        let outcome = match timeout(PATIENCE, self.try_forget(shared, from, now)).await {
            Ok(outcome) => outcome,
            Err(elapsed) => Err(elapsed.into()),
        };
        if outcome.is_err() {
            self.doubt_all();
        }
        outcome
    }

    async fn try_forget(
        &mut self,
        shared: &Shared,
        from: Cursor,
        now: u64,
    ) -> Result<(u64, Option<Cursor>), Fault> {
        let link = self.connected().await?;
        self.lock(&link).await?;
        let options = &shared.options;
        let latest = now.saturating_sub(options.retention).cast_signed();
        let due = link
            .rows(DUE, &[&latest, &from.closed_at, &from.client_id, &STEP])
            .await?;
        let next = due
            .last()
            .filter(|_| due.len() as i64 == STEP)
            .map(|row| Cursor {
                closed_at: row.get(2),
                client_id: row.get(0),
            });
        let timeless = timeless(options);
        let mut turn = self.turn().clone();
        let mut rows = Rows::default();
        let mut changed = Vec::new();
        let mut gone = 0;
        for row in due {
            let id = text::read(row.get(0));
            let mut entry = Entry {
                client: client_of(&id, row.get(3))?,
                newest: row.get::<_, i64>(1).cast_unsigned(),
            };
            let before = Counted::of(&entry.client, &timeless);
            let dropped = entry.client.forget(now, options);
            if dropped > 0 {
                gone += dropped as u64;
                turn.totals
                    .change(before, Counted::of(&entry.client, &timeless));
                rows.client(&id, &entry, options)?;
                changed.push(id);
            }
        }
        if changed.is_empty() {
            link.batch("ROLLBACK").await?;
        } else {
            let before = turn.totals.batches;
            turn.totals.batches += 1;
            let rule = &shared.rule;
            let written = rows.write(&link, before, rule, &turn.totals, 0).await?;
            if !written {
                return Err(Fault::Passing("a turn under the lock was lost".to_owned()));
            }
            link.batch("COMMIT").await?;
            self.wrote(turn);
            for id in changed {
                self.forget(&id);
            }
        }
        self.give_back(link);
        Ok((gone, next))
    }

    /// Lets go of transitions that are too old, and of whole partitions.
    pub async fn trim(&mut self, shared: &Shared, now: u64) -> Result<(), Fault> {
        let limit = now
            .saturating_sub(shared.settings.keep.history_age)
            .cast_signed();
        let link = self.connected().await?;
        let last = super::writer::look(&link).await?.totals.last_transition;
        let young = link.rows(YOUNG, &[&limit]).await?;
        // None is young: what came since `last` was looked up may be.
        let keep = young
            .first()
            .map_or(last.cast_signed() + 1, |row| row.get(0));
        let oldest = link.rows(TRIM, &[&keep]).await?;
        let oldest = oldest
            .first()
            .map_or(0, |row| row.get::<_, i64>(0).cast_unsigned());
        link.rows(NOTES, &[&now.cast_signed()]).await?;
        link.batch("BEGIN").await?;
        partition::drop_before(&link, oldest).await?;
        link.batch("COMMIT").await?;
        self.give_back(link);
        Ok(())
    }
}

/// Brings totals and columns in line with the rule, if another was counted by.
pub(super) async fn recount(link: &Link, shared: &Shared) -> Result<(), Fault> {
    let rule = super::writer::look(link).await?.rule;
    if rule == shared.rule {
        return Ok(());
    }
    link.batch("BEGIN").await?;
    let locked = concat!("SELECT ", columns!(), " FROM total FOR UPDATE");
    let row = link.client.query_one(locked, &[]).await?;
    let mut turn = totals::of(&row);
    if turn.rule == shared.rule {
        return link.batch("ROLLBACK").await;
    }
    let timeless = timeless(&shared.options);
    let mut counted = turn.totals.without_clients();
    let mut after = String::new();
    let mut first = true;
    loop {
        let clients = link.rows(ALL, &[&after, &first, &(10 * STEP)]).await?;
        let Some(last) = clients.last() else { break };
        after = last.get(0);
        first = false;
        let mut rows = Rows::default();
        for row in clients {
            let id = text::read(row.get(0));
            let entry = Entry {
                client: client_of(&id, row.get(2))?,
                newest: row.get::<_, i64>(1).cast_unsigned(),
            };
            counted.add(Counted::of(&entry.client, &timeless));
            rows.client(&id, &entry, &shared.options)?;
        }
        let before = turn.totals.batches;
        turn.totals.batches += 1;
        rows.write(link, before, &turn.rule, &turn.totals, 0)
            .await?;
    }
    counted.batches = turn.totals.batches + 1;
    Rows::default()
        .write(link, turn.totals.batches, &turn.rule, &counted, 0)
        .await?;
    link.rows("UPDATE total SET rule = $1::text", &[&shared.rule])
        .await?;
    link.batch("COMMIT").await
}
