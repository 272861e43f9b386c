//! The tables, and how older schemas become newer ones.

use super::fault::Fault;
use super::link::Link;
use crate::store::StoreTrouble;

/// Each brings a schema from the version that is its position to the next.
/// Never change one that was released: add another.
const MIGRATIONS: &[&str] = &[
    include_str!("schema.sql"),
    include_str!("synthetic.sql"),
    include_str!("sinks.sql"),
    include_str!("places.sql"),
];

/// Makes the schema or brings it up to date; instances that start at once
/// take turns. Refuses what a newer version wrote, and tables of others.
pub(super) async fn migrate(link: &Link, schema: &str, place: &str) -> Result<(), Fault> {
    let known = MIGRATIONS.len();
    if let Some(version) = version(link, schema).await? {
        if version == known {
            return Ok(());
        }
        if version > known {
            return Err(newer(schema, place, version));
        }
    }
    let standby = link
        .client
        .query_one("SELECT pg_is_in_recovery()", &[])
        .await?;
    if standby.get(0) {
        return Err(super::fault::standby(place));
    }
    link.batch("BEGIN").await?;
    link.client
        .query_one(
            "SELECT pg_advisory_xact_lock(hashtextextended('mqtt-presence', 0))",
            &[],
        )
        .await?;
    let there = link
        .client
        .query("SELECT 1 FROM pg_namespace WHERE nspname = $1", &[&schema])
        .await?;
    if there.is_empty() {
        link.batch(&format!("CREATE SCHEMA \"{schema}\"")).await?;
    }
    let from = match version(link, schema).await? {
        Some(version) if version > known => return Err(newer(schema, place, version)),
        Some(version) => version,
        None => {
            let foreign = link
                .client
                .query_one("SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1", &[&schema])
                .await?;
            if foreign.get::<_, i64>(0) > 0 {
                let sentence = format!(
                    "the schema `{schema}` of {place} holds tables of another program; name another in `store.schema`"
                );
                return Err(Fault::Sentence(StoreTrouble::Other, sentence));
            }
            link.batch("CREATE TABLE schema_version (version integer NOT NULL); INSERT INTO schema_version VALUES (0)").await?;
            0
        }
    };
    for migration in &MIGRATIONS[from..] {
        link.batch(migration).await?;
    }
    link.batch(&format!(
        "UPDATE schema_version SET version = {known}; COMMIT"
    ))
    .await
}

/// Looks without changing anything; the version, `None` where it must be made.
pub(super) async fn look(link: &Link, schema: &str, place: &str) -> Result<Option<usize>, Fault> {
    let version = version(link, schema).await?;
    match version {
        Some(version) if version > MIGRATIONS.len() => Err(newer(schema, place, version)),
        Some(version) => Ok(Some(version)),
        None => {
            let row = link
                .client
                .query_one("SELECT pg_is_in_recovery(), has_database_privilege(current_database(), 'CREATE') \
                    OR EXISTS (SELECT FROM pg_namespace WHERE nspname = $1 AND has_schema_privilege(oid, 'CREATE'))", &[&schema])
                .await?;
            if row.get(0) {
                return Err(super::fault::standby(place));
            }
            if !row.get::<_, bool>(1) {
                let sentence = format!(
                    "the user may not create in the database of {place}; grant that, or make the schema `{schema}` \
                     for it: CREATE SCHEMA {schema} AUTHORIZATION …"
                );
                return Err(Fault::Sentence(StoreTrouble::NotPermitted, sentence));
            }
            Ok(None)
        }
    }
}

/// The version of the schema, `None` where there is none.
async fn version(link: &Link, schema: &str) -> Result<Option<usize>, Fault> {
    let table = link
        .client
        .query_one(
            "SELECT to_regclass($1::text || '.schema_version') IS NOT NULL",
            &[&schema],
        )
        .await?;
    if !table.get::<_, bool>(0) {
        return Ok(None);
    }
    let row = link
        .client
        .query_one("SELECT version FROM schema_version", &[])
        .await?;
    // A negative one is as unknown as a newer one.
    Ok(Some(
        usize::try_from(row.get::<_, i32>(0)).unwrap_or(usize::MAX),
    ))
}

fn newer(schema: &str, place: &str, version: usize) -> Fault {
    let sentence = format!(
        "the schema `{schema}` of {place} was written by a newer mqtt-presence (schema {version}, this one knows \
         {}); use that version, or name another in `store.schema`",
        MIGRATIONS.len()
    );
    Fault::Sentence(StoreTrouble::Newer, sentence)
}
