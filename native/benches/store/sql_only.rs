//! A peer: the rule in SQL alone. One table that an upsert fills, and a view
//! that says who is online. It gives the same answers, and nothing else: no
//! transitions, no history, no counts, nothing forgotten.

use std::sync::Arc;
use std::time::Instant;

use mqtt_presence::store::Batch;
use mqtt_presence_core::event::Kind;
use tokio_postgres::NoTls;

const TABLES: &str = "
SET synchronous_commit = on; SET jit = off;
CREATE SCHEMA sql_only; SET search_path = sql_only;
CREATE TABLE connection (client_id text, channel_id text, connected bigint, closed bigint,
    PRIMARY KEY (client_id, channel_id));
CREATE VIEW online AS SELECT DISTINCT client_id FROM connection
    WHERE connected IS NOT NULL AND closed IS NULL;
CHECKPOINT";

const UPSERT: &str = "
INSERT INTO connection AS known (client_id, channel_id, connected, closed)
SELECT client_id, channel_id, min(time) FILTER (WHERE connects), min(time) FILTER (WHERE NOT connects)
FROM unnest($1::text[], $2::text[], $3::boolean[], $4::bigint[]) AS e (client_id, channel_id, connects, time)
GROUP BY client_id, channel_id
ON CONFLICT (client_id, channel_id) DO UPDATE SET
    connected = least(known.connected, excluded.connected),
    closed = least(known.closed, excluded.closed)";

/// Seconds that the statements took, and the clients online.
pub async fn write_all(url: &str, batches: &[Arc<Batch>]) -> (f64, i64) {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(TABLES).await.unwrap();
    let upsert = client.prepare(UPSERT).await.unwrap();
    let began = Instant::now();
    for batch in batches {
        let (mut clients, mut channels, mut connects, mut times) =
            (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        for (event, _) in &batch.events {
            clients.push(event.client_id.as_str());
            channels.push(event.channel_id.as_str());
            connects.push(event.kind == Kind::Connect);
            times.push(event.time.cast_signed());
        }
        client
            .execute(&upsert, &[&clients, &channels, &connects, &times])
            .await
            .unwrap();
    }
    let took = began.elapsed().as_secs_f64();
    let online = "SELECT count(*) FROM online";
    let online = client.query_one(online, &[]).await.unwrap().get(0);
    (took, online)
}
