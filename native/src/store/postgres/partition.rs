//! Partitions of the table of transitions, a million ids each: one is made
//! when it is needed, and dropped when nothing in it is kept.

use super::fault::Fault;
use super::link::Link;

const SIZE: u64 = 1_000_000;

/// Makes partitions up to this id, in the transaction of a turn, and
/// answers the first that none takes.
///
/// A table is attached, not made in place: that locks nobody out who reads.
pub(super) async fn reach(link: &Link, mut until: u64, last: u64) -> Result<u64, Fault> {
    while until <= last {
        let number = (until - 1) / SIZE;
        let end = (number + 1) * SIZE + 1;
        link.batch(&format!(
            "CREATE TABLE transition_{number} (LIKE transition INCLUDING DEFAULTS INCLUDING CONSTRAINTS); \
             ALTER TABLE transition ATTACH PARTITION transition_{number} FOR VALUES FROM ({until}) TO ({end}); \
             UPDATE total SET partitioned_until = {end}"
        ))
        .await?;
        until = end;
    }
    Ok(until)
}

/// Drops the partitions that end before `oldest`. The lock waits for queries
/// and makes others wait, so only a second; the next sweep tries again.
pub(super) async fn drop_before(link: &Link, oldest: u64) -> Result<(), Fault> {
    let tables = link
        .client
        .query(
            "SELECT inhrelid::regclass::text FROM pg_inherits WHERE inhparent = 'transition'::regclass",
            &[],
        )
        .await?;
    for row in tables {
        let table: String = row.get(0);
        let number = table
            .rsplit('_')
            .next()
            .and_then(|number| number.parse::<u64>().ok());
        if number.is_some_and(|number| (number + 1) * SIZE < oldest) {
            let drop = format!("SET LOCAL lock_timeout = '1s'; DROP TABLE {table}");
            link.batch(&drop).await?;
        }
    }
    Ok(())
}
