//! The one statement that a commit writes with.

use std::collections::BTreeMap;

use mqtt_presence_core::presence::{Client, Options};
use tokio_postgres::Row;

use super::fault::Fault;
use super::link::Link;
use super::text;
use super::totals;
use crate::store::join::{Entry, Flip, Totals, closed_at, timeless};

/// Writes everything if the totals are still those of batch `$1`, under rule
/// `$2`, and nothing otherwise: whoever commits in between wins. All other
/// parts draw on `turn`, so they are done under the lock of its row.
pub(super) const WRITE: &str = "
WITH turn AS (
    UPDATE total SET batch = ($3::bigint[])[1], clients = ($3::bigint[])[2],
        online = ($3::bigint[])[3], live = ($3::bigint[])[4], closed = ($3::bigint[])[5],
        orphan = ($3::bigint[])[6], superseded = ($3::bigint[])[7], suspect = ($3::bigint[])[8],
        last_transition = ($3::bigint[])[9], quarantined = ($3::bigint[])[10],
        quarantined_bytes = ($3::bigint[])[11], last_quarantined = ($3::bigint[])[12],
        quarantine_dropped = ($3::bigint[])[13],
        oldest_transition = greatest(oldest_transition, $4::bigint)
    WHERE batch = $1::bigint AND rule = $2::text
    RETURNING batch, last_transition
), clients AS (
    INSERT INTO client
        (client_id, online, since, last_transition, open_since, closed_at, batch, record)
    SELECT c.client_id, c.online, c.since, c.last_transition, c.open_since, c.closed_at,
        turn.batch, c.record::json
    FROM turn, unnest($5::text[], $6::boolean[], $7::bigint[], $8::bigint[], $9::bigint[],
        $10::bigint[], $11::text[])
        AS c (client_id, online, since, last_transition, open_since, closed_at, record)
    ON CONFLICT (client_id) DO UPDATE SET online = excluded.online, since = excluded.since,
        last_transition = excluded.last_transition, open_since = excluded.open_since,
        closed_at = excluded.closed_at, batch = excluded.batch, record = excluded.record
), transitions AS (
    INSERT INTO transition
        (id, client_id, online, time, observed_at, channel_id, event_type, message_id, synthetic,
        topic, queue, queue_offset)
    SELECT t.* FROM turn, unnest($12::bigint[], $13::text[], $14::boolean[], $15::bigint[],
        $16::bigint[], $17::text[], $18::text[], $19::text[], $22::boolean[], $23::text[],
        $24::bigint[], $25::bigint[]) AS t
), checkpoints AS (
    INSERT INTO checkpoint (key, value)
    SELECT k.* FROM turn, unnest($20::text[], $21::text[]) AS k
    ON CONFLICT (key) DO UPDATE SET value = excluded.value
)
SELECT CASE WHEN cardinality($12::bigint[]) > 0
    THEN pg_notify(current_schema(), turn.last_transition::text)::text END FROM turn";

/// The rows of a commit, column by column.
#[derive(Default)]
pub(super) struct Rows {
    client_id: Vec<String>,
    online: Vec<bool>,
    since: Vec<Option<i64>>,
    newest: Vec<i64>,
    open_since: Vec<Option<i64>>,
    closed_at: Vec<Option<i64>>,
    record: Vec<String>,
    transition_id: Vec<i64>,
    transition_client: Vec<String>,
    transition_online: Vec<bool>,
    time: Vec<i64>,
    observed_at: Vec<i64>,
    channel_id: Vec<String>,
    event_type: Vec<&'static str>,
    message_id: Vec<Option<String>>,
    synthetic: Vec<bool>,
    topic: Vec<Option<String>>,
    queue: Vec<Option<i64>>,
    queue_offset: Vec<Option<i64>>,
    key: Vec<String>,
    value: Vec<String>,
}

impl Rows {
    /// A client as the rule says it is.
    pub fn client(&mut self, id: &str, entry: &Entry, options: &Options) -> Result<(), Fault> {
        let Entry { client, newest } = entry;
        self.client_id.push(text::write(id).into_owned());
        self.online.push(client.online(&timeless(options), 0));
        self.since.push(client.since().map(u64::cast_signed));
        self.newest.push(newest.cast_signed());
        self.open_since.push(open_since(client, options));
        self.closed_at
            .push(closed_at(client, options.closing).map(u64::cast_signed));
        self.record.push(
            serde_json::to_string(client).map_err(|error| {
                Fault::Row(format!("client `{id}` cannot be written ({error})"))
            })?,
        );
        Ok(())
    }

    pub fn transitions(&mut self, flips: &[Flip]) {
        for Flip { numbered, .. } in flips {
            let flip = &numbered.transition;
            self.transition_id.push(numbered.id.cast_signed());
            self.transition_client
                .push(text::write(&flip.client_id).into_owned());
            self.transition_online.push(flip.online);
            self.time.push(flip.time.cast_signed());
            self.observed_at.push(flip.observed_at.cast_signed());
            self.channel_id
                .push(text::write(&flip.cause.channel_id).into_owned());
            self.event_type.push(flip.cause.event_type.as_str());
            let message = flip.cause.message_id.as_deref();
            self.message_id
                .push(message.map(|id| text::write(id).into_owned()));
            self.synthetic.push(flip.synthetic);
            let topic = flip.cause.topic.as_deref();
            self.topic
                .push(topic.map(|topic| text::write(topic).into_owned()));
            self.queue.push(flip.cause.queue.map(i64::from));
            self.queue_offset
                .push(flip.cause.offset.map(u64::cast_signed));
        }
    }

    /// The last value of each key.
    pub fn checkpoints(&mut self, checkpoints: &[(String, String)]) {
        let last: BTreeMap<&str, &str> = checkpoints
            .iter()
            .map(|(key, value)| (key.as_str(), value.as_str()))
            .collect();
        for (key, value) in last {
            self.key.push(text::write(key).into_owned());
            self.value.push(text::write(value).into_owned());
        }
    }

    /// What tells an instance that this commit was written.
    pub fn marker(&mut self, key: &str, value: &str) {
        self.key.push(key.to_owned());
        self.value.push(value.to_owned());
    }

    /// Writes all of it in the turn after batch `before`; false when that turn
    /// was somebody else's.
    pub async fn write(
        &self,
        link: &Link,
        before: u64,
        rule: &str,
        totals: &Totals,
        oldest: u64,
    ) -> Result<bool, Fault> {
        let told: Vec<Row> = link
            .rows(
                WRITE,
                &[
                    &before.cast_signed(),
                    &rule,
                    &totals::array(totals),
                    &oldest.cast_signed(),
                    &self.client_id,
                    &self.online,
                    &self.since,
                    &self.newest,
                    &self.open_since,
                    &self.closed_at,
                    &self.record,
                    &self.transition_id,
                    &self.transition_client,
                    &self.transition_online,
                    &self.time,
                    &self.observed_at,
                    &self.channel_id,
                    &self.event_type,
                    &self.message_id,
                    &self.key,
                    &self.value,
                    &self.synthetic,
                    &self.topic,
                    &self.queue,
                    &self.queue_offset,
                ],
            )
            .await?;
        Ok(!told.is_empty())
    }
}

/// When the first of its open channels began; only asked under a lease.
fn open_since(client: &Client, options: &Options) -> Option<i64> {
    options.lease?;
    let open = client
        .channels
        .values()
        .filter(|channel| channel.is_open(options.closing));
    open.filter_map(|channel| Some(channel.connect.as_ref()?.time))
        .min()
        .map(u64::cast_signed)
}
