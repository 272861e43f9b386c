//! The rows that a commit writes.

use mqtt_presence_core::presence::{Client, Closing};
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::fault::Fault;
use crate::store::join::{Flip, Totals, closed_at};
use crate::store::{Batch, Keep, Poison, record};

pub(super) fn transitions(connection: &Connection, flips: &[Flip]) -> Result<(), Fault> {
    let mut insert = connection.prepare_cached(
        "INSERT INTO transition (id, previous, client_id, online, time, observed_at,
            channel_id, event_type, message_id, synthetic, topic, queue, queue_offset)
            VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    )?;
    for Flip { numbered, previous } in flips {
        let flip = &numbered.transition;
        insert.execute(params![
            numbered.id.cast_signed(),
            previous.cast_signed(),
            flip.client_id,
            flip.online,
            flip.time.cast_signed(),
            flip.observed_at.cast_signed(),
            flip.cause.channel_id,
            flip.cause.event_type.as_str(),
            flip.cause.message_id,
            flip.synthetic,
            flip.cause.topic,
            flip.cause.queue,
            flip.cause.offset.map(u64::cast_signed),
        ])?;
    }
    Ok(())
}

/// Writes the row of a client as it is after `batch`.
pub(super) fn client(
    connection: &Connection,
    id: &str,
    client: &Client,
    newest: u64,
    batch: u64,
    closing: Closing,
) -> Result<(), Fault> {
    let mut write = connection.prepare_cached(
        "INSERT OR REPLACE INTO client (client_id, batch, newest_transition, closed_at, record)
            VALUES (?1, ?2, ?3, ?4, ?5)",
    )?;
    write.execute(params![
        id,
        batch.cast_signed(),
        newest.cast_signed(),
        closed_at(client, closing).map(u64::cast_signed),
        record_of(client),
    ])?;
    Ok(())
}

fn record_of(client: &Client) -> Vec<u8> {
    let mut bytes = Vec::new();
    record::write(client, &mut bytes);
    bytes
}

/// The client of a row that has its record in this column.
pub(super) fn client_of(id: &str, row: &Row<'_>, column: usize) -> Result<Client, Fault> {
    let bytes = row
        .get_ref(column)?
        .as_bytes()
        .map_err(rusqlite::Error::from)?;
    let client = match bytes.first() {
        // Rows of schemas before 5 that did not change since.
        Some(b'{') => serde_json::from_slice(bytes).ok(),
        _ => record::read(bytes),
    };
    client.ok_or_else(|| Fault::Row(format!("the row of client `{id}` cannot be read")))
}

pub(super) fn quarantine(
    connection: &Connection,
    batch: &Batch,
    keep: &Keep,
    totals: &mut Totals,
) -> Result<(), Fault> {
    for poison in &batch.poison {
        if redelivered(connection, poison)? {
            continue;
        }
        totals.last_quarantined += 1;
        totals.quarantined += 1;
        totals.quarantined_bytes += poison.raw.len() as u64;
        let origin = serde_json::to_string(&poison.origin)
            .map_err(|error| Fault::Row(format!("an origin cannot be written ({error})")))?;
        let mut insert = connection.prepare_cached(
            "INSERT INTO quarantine (id, at, message_id, origin, code, field, message, raw)
                VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        )?;
        insert.execute(params![
            totals.last_quarantined.cast_signed(),
            batch.now.cast_signed(),
            poison.origin.message_id,
            origin,
            poison.code,
            poison.field,
            poison.message,
            poison.raw,
        ])?;
    }
    while totals.quarantined > keep.quarantine_rows
        || totals.quarantined_bytes > keep.quarantine_bytes
    {
        let mut oldest = connection.prepare_cached(
            "DELETE FROM quarantine WHERE id = (SELECT min(id) FROM quarantine)
                RETURNING length(raw)",
        )?;
        let bytes: Option<i64> = oldest.query_row([], |row| row.get(0)).optional()?;
        let Some(bytes) = bytes else { break };
        totals.quarantined -= 1;
        totals.quarantined_bytes -= bytes.cast_unsigned();
        totals.quarantine_dropped += 1;
    }
    Ok(())
}

/// Takes these records out of the quarantine, those that are still there.
pub(super) fn release(
    connection: &Connection,
    ids: &[u64],
    totals: &mut Totals,
) -> Result<(), Fault> {
    for id in ids {
        let mut delete = connection
            .prepare_cached("DELETE FROM quarantine WHERE id = ?1 RETURNING length(raw)")?;
        let bytes: Option<i64> = delete
            .query_row([id.cast_signed()], |row| row.get(0))
            .optional()?;
        if let Some(bytes) = bytes {
            totals.quarantined -= 1;
            totals.quarantined_bytes -= bytes.cast_unsigned();
        }
    }
    Ok(())
}

fn redelivered(connection: &Connection, poison: &Poison) -> Result<bool, Fault> {
    if poison.origin.message_id.is_none() {
        return Ok(false);
    }
    let mut select = connection.prepare_cached(
        "SELECT 1 FROM quarantine WHERE message_id = ?1 AND code = ?2 AND raw = ?3",
    )?;
    Ok(select.exists(params![poison.origin.message_id, poison.code, poison.raw])?)
}

pub(super) fn checkpoints(
    connection: &Connection,
    checkpoints: &[(String, String)],
) -> Result<(), Fault> {
    let mut upsert = connection
        .prepare_cached("INSERT OR REPLACE INTO checkpoint (key, value) VALUES (?1, ?2)")?;
    for checkpoint in checkpoints {
        upsert.execute([&checkpoint.0, &checkpoint.1])?;
    }
    Ok(())
}

pub(super) fn log(connection: &Connection, batch: u64, events: &[u8]) -> Result<(), Fault> {
    connection
        .prepare_cached("INSERT INTO log (batch, events) VALUES (?1, ?2)")?
        .execute(params![batch.cast_signed(), events])?;
    Ok(())
}

pub(super) fn totals(connection: &Connection, totals: &Totals) -> Result<(), Fault> {
    let mut copy = totals.clone();
    let mut upsert =
        connection.prepare_cached("INSERT OR REPLACE INTO total (name, value) VALUES (?1, ?2)")?;
    for (name, value) in copy.named() {
        upsert.execute(params![name, value.cast_signed()])?;
    }
    Ok(())
}

pub(super) fn read_totals(connection: &Connection) -> Result<Totals, Fault> {
    let mut totals = Totals::default();
    let mut select = connection.prepare("SELECT value FROM total WHERE name = ?1")?;
    for (name, value) in totals.named() {
        let stored: Option<i64> = select.query_row([name], |row| row.get(0)).optional()?;
        *value = stored.map_or(0, i64::cast_unsigned);
    }
    Ok(totals)
}
