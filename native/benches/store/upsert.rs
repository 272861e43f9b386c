//! The peer of the store `postgres`: the rows that it writes, written by
//! nothing but a statement a batch. No joining, no counting, no taking turns.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_presence::store::Batch;
use mqtt_presence_core::presence::{Client, Options, Transition};
use tokio_postgres::NoTls;

/// Tables like those of the store, with their indexes.
const TABLES: &str = "
SET synchronous_commit = on; SET jit = off;
CREATE SCHEMA peer; SET search_path = peer;
CREATE TABLE client (LIKE mqtt_presence.client INCLUDING ALL) WITH (fillfactor = 80);
CREATE TABLE transition (LIKE mqtt_presence.transition INCLUDING ALL);
CHECKPOINT";

const UPSERT: &str = "
WITH clients AS (
    INSERT INTO client
        (client_id, online, since, last_transition, open_since, closed_at, batch, record)
    SELECT c.client_id, c.online, c.since, c.last_transition, NULL, c.closed_at, $1::bigint,
        c.record::json
    FROM unnest($2::text[], $3::boolean[], $4::bigint[], $5::bigint[], $6::bigint[], $7::text[])
        AS c (client_id, online, since, last_transition, closed_at, record)
    ON CONFLICT (client_id) DO UPDATE SET online = excluded.online, since = excluded.since,
        last_transition = excluded.last_transition, open_since = excluded.open_since,
        closed_at = excluded.closed_at, batch = excluded.batch, record = excluded.record
)
INSERT INTO transition
    (id, client_id, online, time, observed_at, channel_id, event_type, message_id)
SELECT t.* FROM unnest($8::bigint[], $9::text[], $10::boolean[], $11::bigint[],
    $12::bigint[], $13::text[], $14::text[], $15::text[]) AS t";

/// Seconds that the statements took, and the rows they wrote.
pub async fn write_all(url: &str, batches: &[Arc<Batch>]) -> (f64, usize) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(TABLES).await.unwrap();
    let upsert = client.prepare(UPSERT).await.unwrap();
    let mut known = Known::default();
    let mut took = Duration::ZERO;
    let mut written = 0;
    for (number, batch) in (1_i64..).zip(batches) {
        let rows = known.rows(batch);
        written += rows.client_id.len() + rows.id.len();
        let began = Instant::now();
        client
            .execute(
                &upsert,
                &[
                    &number,
                    &rows.client_id,
                    &rows.online,
                    &rows.since,
                    &rows.newest,
                    &rows.closed_at,
                    &rows.record,
                    &rows.id,
                    &rows.flipped,
                    &rows.to,
                    &rows.time,
                    &rows.observed_at,
                    &rows.channel_id,
                    &rows.event_type,
                    &rows.message_id,
                ],
            )
            .await
            .unwrap();
        took += began.elapsed();
    }
    (took.as_secs_f64(), written)
}

/// The rule, outside the time that is measured.
#[derive(Default)]
struct Known {
    clients: HashMap<String, (Client, i64)>,
    last: i64,
}

#[derive(Default)]
struct Rows {
    client_id: Vec<String>,
    online: Vec<bool>,
    since: Vec<Option<i64>>,
    newest: Vec<i64>,
    closed_at: Vec<Option<i64>>,
    record: Vec<String>,
    id: Vec<i64>,
    flipped: Vec<String>,
    to: Vec<bool>,
    time: Vec<i64>,
    observed_at: Vec<i64>,
    channel_id: Vec<String>,
    event_type: Vec<&'static str>,
    message_id: Vec<Option<String>>,
}

impl Known {
    fn rows(&mut self, batch: &Batch) -> Rows {
        let options = Options::default();
        let mut rows = Rows::default();
        let mut changed = BTreeSet::new();
        for (event, origin) in &batch.events {
            let (client, newest) = self.clients.entry(event.client_id.clone()).or_default();
            let applied = client.apply(event, &origin.label(), batch.now, &options);
            if applied.changed {
                changed.insert(event.client_id.as_str());
            }
            let Some(online) = applied.flipped else {
                continue;
            };
            self.last += 1;
            *newest = self.last;
            let message = origin.message_id.as_deref();
            let flip = Transition::new(event, online, batch.now, message);
            rows.id.push(self.last);
            rows.flipped.push(flip.client_id);
            rows.to.push(flip.online);
            rows.time.push(flip.time.cast_signed());
            rows.observed_at.push(flip.observed_at.cast_signed());
            rows.channel_id.push(flip.cause.channel_id);
            rows.event_type.push(flip.cause.event_type.as_str());
            rows.message_id.push(flip.cause.message_id);
        }
        for id in changed {
            let (client, newest) = &self.clients[id];
            let ended = client.channels.values();
            let ended = ended.filter(|channel| !channel.is_open(options.closing));
            let closed_at = ended.filter_map(|channel| channel.closed_at).min();
            rows.client_id.push(id.to_owned());
            rows.online.push(client.online(&options, batch.now));
            rows.since.push(client.since().map(u64::cast_signed));
            rows.newest.push(*newest);
            rows.closed_at.push(closed_at.map(u64::cast_signed));
            rows.record.push(serde_json::to_string(client).unwrap());
        }
        rows
    }
}
