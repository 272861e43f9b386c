//! Queries: always the server's word, never memory, so that every instance
//! answers the same.

use std::collections::HashMap;

use mqtt_presence_core::presence::{Client, Options, Status};
use redis::cmd;

use super::fault::damaged;
use super::keys::Keys;
use super::link::Link;
use super::{record, told};
use crate::store::join::{Counted, Entry, Totals};
use crate::store::{Numbered, Poison, Quarantined, Selection, Stats, StoreError};

/// Clients that one call asks for.
const CHUNK: usize = 1000;
/// `observedAt` follows the id unless a clock was set back; so far back
/// history still finds everything.
const CLOCK_SLACK: u64 = 24 * 60 * 60 * 1000;
/// Transitions of a client that one call walks over. Each is an entry to be
/// read whole, and others wait meanwhile.
const STEP: usize = 100;
/// Walks a client's transitions backwards.
const WALK: &str = "
local rows, id = {}, tonumber(ARGV[1])
while id > 0 and #rows < tonumber(ARGV[2]) do
  local name = string.format('%.0f', id)
  local row = redis.call('XRANGE', KEYS[1], name .. '-0', '+', 'COUNT', 1)[1]
  if not row then break end
  local previous, lines = {}, {}
  for number in string.gmatch(row[2][2], '%d+') do previous[#previous + 1] = number end
  for line in string.gmatch(row[2][6], '[^\\n]+') do lines[#lines + 1] = line end
  local place = #lines + id - tonumber(string.match(row[1], '^%d+'))
  if place < 1 then break end
  rows[#rows + 1] = {name, {previous[place], row[2][4], lines[place]}}
  id = tonumber(previous[place])
end
return rows";

/// An entry of a stream: its id, and its fields and values in turn.
pub(super) type Row = (String, Vec<Vec<u8>>);

/// N of the id `N-0`.
pub(super) fn number(id: &str) -> u64 {
    id.split('-')
        .next()
        .and_then(|n| n.parse().ok())
        .unwrap_or(0)
}

pub(super) fn text(row: &Row, value: usize) -> Result<u64, StoreError> {
    let bytes = row.1.get(value).map_or(&[][..], Vec::as_slice);
    let text = std::str::from_utf8(bytes)
        .ok()
        .and_then(|text| text.parse().ok());
    text.ok_or_else(|| damaged(&format!("stream entry `{}`", row.0), "a number is missing"))
}

pub(super) fn bytes(row: &Row, value: usize) -> &[u8] {
    row.1.get(value).map_or(&[], Vec::as_slice)
}

/// Most entries of an answer, as the server takes it.
fn count(limit: u64) -> i64 {
    i64::try_from(limit).unwrap_or(i64::MAX)
}

pub(super) async fn after(
    link: &Link,
    key: String,
    after: u64,
    limit: u64,
) -> Result<Vec<Row>, StoreError> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let mut command = cmd("XRANGE");
    command.arg(key).arg(format!("({after}-0")).arg("+");
    link.ask(command.arg("COUNT").arg(count(limit))).await
}

pub(super) async fn transitions(
    link: &Link,
    keys: &Keys,
    after_id: u64,
    limit: u64,
) -> Result<Vec<Numbered>, StoreError> {
    let mut told: Vec<Numbered> = Vec::new();
    let mut last = after_id;
    let mut wanted = limit.div_ceil(told::MOST as u64);
    loop {
        let rows = after(link, keys.transitions(), last, wanted).await?;
        for row in &rows {
            last = number(&row.0);
            let read = told::read(row)?;
            told.extend(read.into_iter().filter(|one| one.id > after_id));
        }
        let lacking = limit.saturating_sub(told.len() as u64);
        if lacking == 0 || (rows.len() as u64) < wanted {
            break;
        }
        // Entries of quiet times hold one each.
        wanted = wanted.saturating_mul(2).min(lacking);
    }
    told.truncate(usize::try_from(limit).unwrap_or(usize::MAX));
    Ok(told)
}

pub(super) async fn oldest_transition(link: &Link, keys: &Keys) -> Result<u64, StoreError> {
    let told = transitions(link, keys, 0, 1).await?;
    Ok(told.first().map_or(0, |oldest| oldest.id))
}

pub(super) async fn last_transition(link: &Link, keys: &Keys) -> Result<u64, StoreError> {
    let mut command = cmd("HGET");
    let last: Option<u64> = link
        .ask(command.arg(keys.totals()).arg("last_transition"))
        .await?;
    Ok(last.unwrap_or(0))
}

pub(super) async fn entries(
    link: &Link,
    keys: &Keys,
    ids: &[String],
) -> Result<Vec<Option<Entry>>, StoreError> {
    let mut entries = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let mut command = cmd("HMGET");
        command.arg(keys.clients());
        for id in chunk {
            command.arg(id);
        }
        let records: Vec<Option<Vec<u8>>> = link.ask(&command).await?;
        for (id, record) in chunk.iter().zip(records) {
            let entry = record.map(|record| record::read(id, &record)).transpose()?;
            entries.push(entry.map(|(entry, _)| entry));
        }
    }
    Ok(entries)
}

/// Up to so many ids with this prefix, from the first after `after` on.
async fn ids(
    link: &Link,
    keys: &Keys,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<String>, StoreError> {
    let start = match after.filter(|after| *after >= prefix) {
        Some(after) => format!("({after}"),
        None => format!("[{prefix}"),
    };
    let mut command = cmd("ZRANGE");
    command.arg(keys.ids()).arg(start).arg("+").arg("BYLEX");
    let mut ids: Vec<String> = link.ask(command.arg("LIMIT").arg(0).arg(limit)).await?;
    ids.retain(|id| id.starts_with(prefix));
    Ok(ids)
}

/// The next clients in byte order.
pub(super) async fn walk(
    link: &Link,
    keys: &Keys,
    prefix: &str,
    after: Option<&str>,
    limit: usize,
) -> Result<Vec<(String, Entry)>, StoreError> {
    let ids = ids(link, keys, prefix, after, limit.min(CHUNK)).await?;
    let entries = entries(link, keys, &ids).await?;
    let both = ids.into_iter().zip(entries);
    Ok(both.filter_map(|(id, entry)| Some((id, entry?))).collect())
}

pub(super) async fn list(
    link: &Link,
    keys: &Keys,
    options: &Options,
    selection: &Selection,
    now: u64,
) -> Result<Vec<(String, Client)>, StoreError> {
    let mut page = Vec::new();
    let never = selection.status == Some(Status::Unknown)
        || (selection.status == Some(Status::Suspect) && options.lease.is_none());
    if never {
        return Ok(page);
    }
    let mut after = selection.after.clone();
    while page.len() < selection.limit {
        let wanted = match selection.status {
            None => selection.limit - page.len(),
            Some(_) => CHUNK,
        };
        let step = walk(link, keys, &selection.prefix, after.as_deref(), wanted).await?;
        let Some((last, _)) = step.last() else { break };
        after = Some(last.clone());
        let fits = |client: &Client| {
            selection
                .status
                .is_none_or(|status| client.status(options, now) == status)
        };
        let step = step.into_iter().map(|(id, entry)| (id, entry.client));
        page.extend(step.filter(|(_, client)| fits(client)));
    }
    page.truncate(selection.limit);
    Ok(page)
}

pub(super) async fn stats(
    link: &Link,
    keys: &Keys,
    options: &Options,
    now: u64,
) -> Result<Stats, StoreError> {
    let stored: HashMap<String, i64> = link.ask(cmd("HGETALL").arg(keys.totals())).await?;
    let value = |name: &str| {
        stored
            .get(name)
            .map_or(0, |value| value.max(&0).cast_unsigned())
    };
    let mut all = Totals {
        last_transition: value("last_transition"),
        quarantined: value("quarantined"),
        quarantine_dropped: value("quarantine_dropped"),
        ..Totals::default()
    };
    if options.lease.is_none() {
        for (name, total) in all.of_clients() {
            *total = value(name);
        }
        return Ok(all.stats());
    }
    // What depends on the clock is counted client by client.
    let mut last: Option<String> = None;
    loop {
        let step = walk(link, keys, "", last.as_deref(), CHUNK).await?;
        for (_, entry) in &step {
            all.add(Counted::at(&entry.client, options, now));
        }
        match step.into_iter().next_back() {
            Some((id, _)) => last = Some(id),
            None => return Ok(all.stats()),
        }
    }
}

pub(super) async fn history(
    link: &Link,
    keys: &Keys,
    id: &str,
    (from, to): (u64, u64),
    limit: usize,
) -> Result<Vec<Numbered>, StoreError> {
    let entry = entries(link, keys, &[id.to_owned()]).await?.pop().flatten();
    let mut next = entry.map_or(0, |entry| entry.newest);
    let mut found = Vec::new();
    'walk: while next > 0 && found.len() < limit {
        let mut command = cmd("EVAL");
        command
            .arg(WALK)
            .arg(1)
            .arg(keys.transitions())
            .arg(next)
            .arg(STEP);
        let rows: Vec<Row> = link.ask(&command).await?;
        next = 0;
        for row in &rows {
            let at = text(row, 1)?;
            if at.saturating_add(CLOCK_SLACK) < from || found.len() == limit {
                break 'walk;
            }
            if (from..to).contains(&at) {
                found.push(told::one(number(&row.0), at, bytes(row, 2))?);
            }
            next = text(row, 0)?;
        }
    }
    found.reverse();
    Ok(found)
}

pub(super) async fn quarantine(
    link: &Link,
    keys: &Keys,
    after_id: u64,
    limit: usize,
) -> Result<Vec<Quarantined>, StoreError> {
    let rows = after(link, keys.quarantine(), after_id, limit as u64).await?;
    let record = |row: &Row| {
        let (origin, code, field, message) = serde_json::from_slice(bytes(row, 5))
            .map_err(|error| damaged(&format!("rejected record `{}`", row.0), error))?;
        let raw = bytes(row, 7).to_vec();
        Ok(Quarantined {
            id: number(&row.0),
            at: text(row, 1)?,
            poison: Poison {
                origin,
                code,
                field,
                message,
                raw,
            },
        })
    };
    rows.iter().map(record).collect()
}
