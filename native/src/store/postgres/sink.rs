//! Places, leases and dead letters of sinks. Each is one statement, and done
//! twice it does no more than once, so a lost answer may be asked for again.

use std::time::Duration;

use super::fault::Fault;
use super::read::{Readers, signed};
use crate::store::{DeadLetter, SinkState};

const OPEN: &str = "
INSERT INTO sink (name, place) VALUES ($1::text, $2::bigint) ON CONFLICT DO NOTHING";
const STATE: &str = "
SELECT place, CASE WHEN lease > clock_timestamp() THEN holder END,
    (SELECT count(*) FROM dead_letter WHERE dead_letter.sink = name)
FROM sink WHERE name = $1::text";
const CLAIM: &str = "
UPDATE sink SET holder = $2::text, lease = clock_timestamp() + $3::bigint * interval '1 ms'
WHERE name = $1::text
    AND (holder IS NULL OR holder = $2::text OR lease <= clock_timestamp())
RETURNING place";
// The place before is read by a statement of its own kind: a row that is
// updated twice in one statement keeps the first.
const MOVE: &str = "
WITH own AS (
    SELECT place FROM sink WHERE name = $1::text AND holder = $2::text FOR UPDATE
), moved AS (
    UPDATE sink SET place = greatest(sink.place, $3::bigint),
        lease = clock_timestamp() + $4::bigint * interval '1 ms'
    FROM own WHERE name = $1::text
), dead AS (
    INSERT INTO dead_letter (sink, id, letter)
    SELECT $1::text, letter.id, letter.body::json
    FROM own, unnest($5::bigint[], $6::text[]) AS letter (id, body)
    WHERE own.place < $3::bigint
    ON CONFLICT DO NOTHING
)
SELECT 1 FROM own";
const RELEASE: &str = "
UPDATE sink SET holder = NULL, lease = NULL WHERE name = $1::text AND holder = $2::text";
const LETTERS: &str = "
SELECT id, letter::text FROM dead_letter
WHERE sink = $1::text AND id > $2::bigint ORDER BY id LIMIT $3::bigint";
const DROP: &str = "
DELETE FROM dead_letter WHERE sink = $1::text AND id = ANY ($2::bigint[])";

impl Readers {
    pub async fn open_sink(&self, sink: &str, start: u64) -> Result<(), Fault> {
        self.rows(OPEN, &[&sink, &signed(start)]).await.map(|_| ())
    }

    pub async fn sink(&self, sink: &str) -> Result<Option<SinkState>, Fault> {
        let rows = self.rows(STATE, &[&sink]).await?;
        Ok(rows.first().map(|row| SinkState {
            place: row.get::<_, i64>(0).cast_unsigned(),
            holder: row.get(1),
            dead: row.get::<_, i64>(2).cast_unsigned(),
        }))
    }

    pub async fn claim_sink(
        &self,
        sink: &str,
        holder: &str,
        lease: Duration,
    ) -> Result<Option<u64>, Fault> {
        let rows = self.rows(CLAIM, &[&sink, &holder, &millis(lease)]).await?;
        Ok(rows.first().map(|row| row.get::<_, i64>(0).cast_unsigned()))
    }

    pub async fn move_sink(
        &self,
        (sink, holder): (&str, &str),
        to: u64,
        lease: Duration,
        dead: &[DeadLetter],
    ) -> Result<bool, Fault> {
        let ids: Vec<i64> = dead
            .iter()
            .map(|letter| signed(letter.numbered.id))
            .collect();
        let bodies: Result<Vec<String>, _> = dead.iter().map(serde_json::to_string).collect();
        let bodies = bodies
            .map_err(|error| Fault::Row(format!("a dead letter cannot be written ({error})")))?;
        let rows = self
            .rows(
                MOVE,
                &[&sink, &holder, &signed(to), &millis(lease), &ids, &bodies],
            )
            .await?;
        Ok(!rows.is_empty())
    }

    pub async fn release_sink(&self, sink: &str, holder: &str) -> Result<(), Fault> {
        self.rows(RELEASE, &[&sink, &holder]).await.map(|_| ())
    }

    pub async fn dead_letters(
        &self,
        sink: &str,
        after: u64,
        limit: usize,
    ) -> Result<Vec<DeadLetter>, Fault> {
        let rows = self
            .rows(LETTERS, &[&sink, &signed(after), &signed(limit as u64)])
            .await?;
        let letter = |row: &tokio_postgres::Row| {
            serde_json::from_str(row.get(1)).map_err(|error| {
                Fault::Row(format!(
                    "dead letter {} of sink `{sink}` cannot be read ({error})",
                    row.get::<_, i64>(0)
                ))
            })
        };
        rows.iter().map(letter).collect()
    }

    pub async fn drop_dead_letters(&self, sink: &str, ids: &[u64]) -> Result<(), Fault> {
        let ids: Vec<i64> = ids.iter().map(|id| signed(*id)).collect();
        self.rows(DROP, &[&sink, &ids]).await.map(|_| ())
    }
}

fn millis(lease: Duration) -> i64 {
    i64::try_from(lease.as_millis()).unwrap_or(i64::MAX)
}
