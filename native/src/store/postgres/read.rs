//! Queries, on connections of their own. Each answers from what is committed,
//! whichever instance committed it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::{TryStreamExt, pin_mut};
use mqtt_presence_core::event::Kind;
use mqtt_presence_core::presence::{Cause, Client, Options, Status, Transition};
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_postgres::Row;
use tokio_postgres::types::ToSql;

use super::fault::Fault;
use super::link::{Address, Link};
use super::totals::{self, columns};
use super::{PATIENCE, text, writer};
use crate::store::join::{Counted, timeless};
use crate::store::{Numbered, Poison, Quarantined, Selection, Stats};

/// Connections for queries; each carries several at once.
const LINKS: usize = 3;
/// Clients that a listing reads at once.
const CHUNK: usize = 512;

const CLIENTS: &str = "
SELECT k.place, client.record::text
FROM unnest($1::text[]) WITH ORDINALITY AS k (client_id, place)
JOIN client ON client.client_id = k.client_id";
const LIST: &str = "
SELECT client_id, record::text FROM client
WHERE client_id >= $1::text AND ($2::boolean OR client_id <> $1::text)
ORDER BY client_id LIMIT $3::bigint";
const LIST_ONLINE: &str = "
SELECT client_id, record::text FROM client
WHERE online = $4::boolean AND client_id >= $1::text AND ($2::boolean OR client_id <> $1::text)
ORDER BY client_id LIMIT $3::bigint";
const OVERDUE: &str = concat!(
    "SELECT ",
    columns!(),
    ", overdue.record::text FROM total LEFT JOIN (SELECT open_since, record FROM client) AS overdue \
     ON overdue.open_since < $1::bigint"
);
const HISTORY: &str = "
SELECT id, client_id, online, time, observed_at, channel_id, event_type, message_id, synthetic,
    topic, queue, queue_offset
FROM transition
WHERE client_id = $1::text AND observed_at >= $2::bigint AND observed_at < $3::bigint
    AND id >= (SELECT oldest_transition FROM total)
ORDER BY id DESC LIMIT $4::bigint";
const AFTER: &str = "
SELECT id, client_id, online, time, observed_at, channel_id, event_type, message_id, synthetic,
    topic, queue, queue_offset
FROM transition
WHERE id > $1::bigint AND id >= (SELECT oldest_transition FROM total)
ORDER BY id LIMIT $2::bigint";
const OLDEST: &str = "
SELECT CASE WHEN oldest_transition <= last_transition THEN oldest_transition ELSE 0 END
FROM total";
const QUARANTINE: &str = "
SELECT id, at, origin::text, code, field, message, raw FROM quarantine
WHERE id > $1::bigint ORDER BY id LIMIT $2::bigint";
const CHECKPOINT: &str = "SELECT value FROM checkpoint WHERE key = $1::text";

/// The connections that queries take turns on.
pub(super) struct Readers {
    address: Arc<Address>,
    links: Vec<Mutex<Option<Arc<Link>>>>,
    next: AtomicUsize,
}

impl Readers {
    pub fn new(address: Arc<Address>) -> Readers {
        Readers {
            address,
            links: (0..LINKS).map(|_| Mutex::default()).collect(),
            next: AtomicUsize::new(0),
        }
    }

    /// The rows of a query. One that a lost connection broke off is asked
    /// again, once, on a new one: a query changes nothing.
    pub(super) async fn rows(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Fault> {
        timeout(PATIENCE, async {
            let (place, link) = self.link().await?;
            match link.rows(sql, values).await {
                Err(fault) if fault.is_lost() => {
                    self.drop_link(place, &link).await;
                    let (_, link) = self.link().await?;
                    link.rows(sql, values).await
                }
                outcome => outcome,
            }
        })
        .await
        .unwrap_or_else(|elapsed| {
            self.drop_all();
            Err(elapsed.into())
        })
    }

    async fn link(&self) -> Result<(usize, Arc<Link>), Fault> {
        let place = self.next.fetch_add(1, Ordering::Relaxed) % LINKS;
        let mut slot = self.links[place].lock().await;
        if let Some(link) = slot.as_ref().filter(|link| !link.client.is_closed()) {
            return Ok((place, Arc::clone(link)));
        }
        let link = Arc::new(self.address.connect().await?);
        *slot = Some(Arc::clone(&link));
        Ok((place, link))
    }

    async fn drop_link(&self, place: usize, link: &Arc<Link>) {
        let mut slot = self.links[place].lock().await;
        if slot.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, link)) {
            *slot = None;
        }
    }

    /// After a silence no connection is trusted.
    fn drop_all(&self) {
        for slot in &self.links {
            // One that is locked is being made anew.
            if let Ok(mut slot) = slot.try_lock() {
                *slot = None;
            }
        }
    }

    pub async fn clients(&self, ids: &[String]) -> Result<Vec<Option<Client>>, Fault> {
        let mut clients = vec![None; ids.len()];
        let written: Vec<_> = ids.iter().map(|id| text::write(id)).collect();
        for row in self.rows(CLIENTS, &[&written]).await? {
            let place = usize::try_from(row.get::<_, i64>(0) - 1).unwrap_or(usize::MAX);
            if let Some((client, id)) = clients.get_mut(place).zip(ids.get(place)) {
                *client = Some(client_of(id, row.get(1))?);
            }
        }
        Ok(clients)
    }

    pub async fn list(
        &self,
        selection: &Selection,
        options: &Options,
        now: u64,
    ) -> Result<Vec<(String, Client)>, Fault> {
        let mut page = Vec::new();
        let never = selection.status == Some(Status::Unknown)
            || (selection.status == Some(Status::Suspect) && options.lease.is_none());
        if selection.limit == 0 || never {
            return Ok(page);
        }
        let prefix = text::write(&selection.prefix);
        let after = selection
            .after
            .as_deref()
            .filter(|after| *after >= selection.prefix.as_str());
        let mut included = after.is_none();
        let mut start = after.map_or_else(
            || prefix.to_string(),
            |after| text::write(after).into_owned(),
        );
        // Who is suspect has an open channel, as who is online.
        let online = selection.status.map(|status| status != Status::Offline);
        let chunk = selection.limit.min(CHUNK);
        loop {
            let limit = chunk as i64;
            let rows = match &online {
                None => self.rows(LIST, &[&start, &included, &limit]).await?,
                Some(online) => {
                    self.rows(LIST_ONLINE, &[&start, &included, &limit, online])
                        .await?
                }
            };
            let end = rows.len() < chunk;
            for row in rows {
                start = row.get(0);
                if !start.starts_with(&*prefix) {
                    return Ok(page);
                }
                let id = text::read(start.clone());
                let client = client_of(&id, row.get(1))?;
                if selection
                    .status
                    .is_none_or(|status| client.status(options, now) == status)
                {
                    page.push((id, client));
                    if page.len() == selection.limit {
                        return Ok(page);
                    }
                }
            }
            if end {
                return Ok(page);
            }
            included = false;
        }
    }

    /// Under a lease the clock alone makes clients suspect: those whose first
    /// open channel is overdue are judged anew, the rest is counted already.
    pub async fn stats(&self, options: &Options, now: u64) -> Result<Stats, Fault> {
        let (_, link) = timeout(PATIENCE, self.link()).await??;
        let Some(lease) = options.lease else {
            let turn = timeout(PATIENCE, writer::look(&link)).await;
            return match turn {
                Ok(Ok(turn)) => Ok(turn.totals.stats()),
                // A connection that broke: once more, on a new one.
                Ok(Err(fault)) if fault.is_lost() => {
                    self.drop_all();
                    let (_, link) = timeout(PATIENCE, self.link()).await??;
                    Ok(timeout(PATIENCE, writer::look(&link))
                        .await??
                        .totals
                        .stats())
                }
                Ok(Err(fault)) => Err(fault),
                Err(elapsed) => {
                    self.drop_all();
                    Err(elapsed.into())
                }
            };
        };
        let latest = now.saturating_sub(lease).cast_signed();
        let statement = link.prepared(OVERDUE).await?;
        // One statement sees one moment: totals and clients fit.
        let rows = link.client.query_raw(&statement, [latest]).await?;
        pin_mut!(rows);
        let timeless = timeless(options);
        let mut totals = None;
        while let Some(row) = timeout(PATIENCE, rows.try_next()).await?? {
            let totals = totals.get_or_insert_with(|| totals::of(&row).totals);
            if let Some(record) = row.get::<_, Option<String>>(15) {
                let client = client_of("", record)?;
                let before = Counted::of(&client, &timeless);
                totals.change(before, Counted::at(&client, options, now));
            }
        }
        Ok(totals.unwrap_or_default().stats())
    }

    pub async fn history(
        &self,
        id: &str,
        from: u64,
        to: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, Fault> {
        let id = text::write(id);
        let (from, to, limit) = (signed(from), signed(to), signed(limit as u64));
        let rows = self.rows(HISTORY, &[&id, &from, &to, &limit]).await?;
        Ok(rows.into_iter().rev().map(numbered).collect())
    }

    pub async fn transitions_after(
        &self,
        after: u64,
        limit: usize,
    ) -> Result<Vec<Numbered>, Fault> {
        let (after, limit) = (signed(after), signed(limit as u64));
        let rows = self.rows(AFTER, &[&after, &limit]).await?;
        Ok(rows.into_iter().map(numbered).collect())
    }

    pub async fn oldest_transition(&self) -> Result<u64, Fault> {
        let rows = self.rows(OLDEST, &[]).await?;
        Ok(rows
            .first()
            .map_or(0, |row| row.get::<_, i64>(0).cast_unsigned()))
    }

    pub async fn quarantine(&self, after: u64, limit: usize) -> Result<Vec<Quarantined>, Fault> {
        let (after, limit) = (signed(after), signed(limit as u64));
        let rows = self.rows(QUARANTINE, &[&after, &limit]).await?;
        let record = |row: Row| {
            let id = row.get::<_, i64>(0).cast_unsigned();
            let origin = serde_json::from_str(row.get(2)).map_err(|error| {
                Fault::Row(format!("quarantined record {id} cannot be read ({error})"))
            })?;
            Ok(Quarantined {
                id,
                at: row.get::<_, i64>(1).cast_unsigned(),
                poison: Poison {
                    origin,
                    code: text::read(row.get(3)),
                    field: row.get::<_, Option<String>>(4).map(text::read),
                    message: text::read(row.get(5)),
                    raw: row.get(6),
                },
            })
        };
        rows.into_iter().map(record).collect()
    }

    pub async fn checkpoint(&self, key: &str) -> Result<Option<String>, Fault> {
        let key = text::write(key);
        let rows = self.rows(CHECKPOINT, &[&key]).await?;
        Ok(rows.first().map(|row| text::read(row.get(0))))
    }
}

/// The client of a row.
pub(super) fn client_of(id: &str, record: String) -> Result<Client, Fault> {
    serde_json::from_str(&record)
        .map_err(|error| Fault::Row(format!("the row of client `{id}` cannot be read ({error})")))
}

/// A bound of a query; beyond what PostgreSQL counts to means no bound.
pub(super) fn signed(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

fn numbered(row: Row) -> Numbered {
    let event_type = match row.get(6) {
        "connect" => Kind::Connect,
        "disconnect" => Kind::Disconnect,
        _ => Kind::Tcpclean,
    };
    Numbered {
        id: row.get::<_, i64>(0).cast_unsigned(),
        transition: Transition {
            client_id: text::read(row.get(1)),
            online: row.get(2),
            time: row.get::<_, i64>(3).cast_unsigned(),
            observed_at: row.get::<_, i64>(4).cast_unsigned(),
            cause: Cause {
                channel_id: text::read(row.get(5)),
                event_type,
                message_id: row.get::<_, Option<String>>(7).map(text::read),
                topic: row.get::<_, Option<String>>(9).map(text::read),
                queue: row
                    .get::<_, Option<i64>>(10)
                    .and_then(|queue| u32::try_from(queue).ok()),
                offset: row.get::<_, Option<i64>>(11).map(i64::cast_unsigned),
            },
            synthetic: row.get(8),
        },
    }
}
