//! Rejected records: kept once, and no more than may be kept.

use std::collections::HashSet;

use super::fault::Fault;
use super::link::Link;
use super::text;
use crate::store::join::Totals;
use crate::store::{Batch, Keep, Poison};

const KNOWN: &str =
    "SELECT message_id, code, raw FROM quarantine WHERE message_id = ANY($1::text[])";
const INSERT: &str = "
INSERT INTO quarantine (id, at, message_id, origin, code, field, message, raw)
SELECT q.id, $1::bigint, q.message_id, q.origin::json, q.code, q.field, q.message, q.raw
FROM unnest($2::bigint[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::bytea[])
    AS q (id, message_id, origin, code, field, message, raw)";
/// Keeps the newest that fit in number and bytes.
const TRIM: &str = "
WITH ranked AS (
    SELECT id, octet_length(raw) AS bytes, row_number() OVER newest AS place,
        sum(octet_length(raw)) OVER newest AS total
    FROM quarantine WINDOW newest AS (ORDER BY id DESC)
), gone AS (
    DELETE FROM quarantine USING ranked
    WHERE quarantine.id = ranked.id AND (place > $1::bigint OR total > $2::bigint)
    RETURNING ranked.bytes
)
SELECT count(*), coalesce(sum(bytes), 0)::bigint FROM gone";

/// Writes the batch's rejected records within the transaction of its turn.
pub(super) async fn write(
    link: &Link,
    batch: &Batch,
    keep: &Keep,
    totals: &mut Totals,
) -> Result<(), Fault> {
    let ids: Vec<_> = batch.poison.iter().filter_map(message_id).collect();
    let known = link.rows(KNOWN, &[&ids]).await?;
    let mut known: HashSet<(String, String, Vec<u8>)> = known
        .iter()
        .map(|row| (row.get(0), row.get(1), row.get(2)))
        .collect();
    let (mut number, mut message, mut origin) = (Vec::new(), Vec::new(), Vec::new());
    let (mut code, mut field) = (Vec::new(), Vec::new());
    let (mut sentence, mut raw) = (Vec::new(), Vec::new());
    for poison in &batch.poison {
        let id = message_id(poison);
        let written = text::write(&poison.code).into_owned();
        if let Some(id) = &id
            && !known.insert((id.clone(), written.clone(), poison.raw.clone()))
        {
            continue;
        }
        totals.last_quarantined += 1;
        totals.quarantined += 1;
        totals.quarantined_bytes += poison.raw.len() as u64;
        number.push(totals.last_quarantined.cast_signed());
        message.push(id);
        origin.push(
            serde_json::to_string(&poison.origin)
                .map_err(|error| Fault::Row(format!("an origin cannot be written ({error})")))?,
        );
        code.push(written);
        field.push(
            poison
                .field
                .as_deref()
                .map(|field| text::write(field).into_owned()),
        );
        sentence.push(text::write(&poison.message).into_owned());
        raw.push(poison.raw.as_slice());
    }
    let now = batch.now.cast_signed();
    link.rows(
        INSERT,
        &[
            &now, &number, &message, &origin, &code, &field, &sentence, &raw,
        ],
    )
    .await?;
    if totals.quarantined > keep.quarantine_rows || totals.quarantined_bytes > keep.quarantine_bytes
    {
        let rows = i64::try_from(keep.quarantine_rows).unwrap_or(i64::MAX);
        let bytes = i64::try_from(keep.quarantine_bytes).unwrap_or(i64::MAX);
        for row in link.rows(TRIM, &[&rows, &bytes]).await? {
            let gone = row.get::<_, i64>(0).cast_unsigned();
            totals.quarantined -= gone;
            totals.quarantined_bytes -= row.get::<_, i64>(1).cast_unsigned();
            totals.quarantine_dropped += gone;
        }
    }
    Ok(())
}

fn message_id(poison: &Poison) -> Option<String> {
    let id = poison.origin.message_id.as_deref();
    id.map(|id| text::write(id).into_owned())
}
