//! The configured store, opened.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_presence_core::presence::Options;

use crate::config::{self, StoreKind};
use crate::store::{
    Keep, Memory, Postgres, PostgresSettings, Redis, RedisSettings, Sqlite, SqliteSettings, Store,
    StoreError,
};

/// Opens it; this may take a while and blocks.
pub(in crate::cli) fn open(
    config: &config::Store,
    options: &Options,
) -> Result<Arc<dyn Store>, StoreError> {
    let keep = Keep {
        history_age: config.history.millis(),
        history_rows: config.history_rows,
        quarantine_rows: config.quarantine_rows,
        quarantine_bytes: config.quarantine_bytes,
    };
    Ok(match config.kind {
        StoreKind::Memory => Arc::new(Memory::new(options.clone(), keep)),
        StoreKind::Sqlite => {
            let defaults = SqliteSettings::new(&config.path);
            let settings = SqliteSettings {
                cache_bytes: config.cache_bytes.unwrap_or(defaults.cache_bytes),
                keep,
                ..defaults
            };
            Arc::new(Sqlite::open(settings, options.clone())?)
        }
        StoreKind::Redis => {
            let settings = redis(config, keep);
            let open = || Redis::open(settings.clone(), options.clone());
            Arc::new(reached(open)?)
        }
        StoreKind::Postgres => {
            let settings = postgres(config, keep);
            let open = || Postgres::open(settings.clone(), options.clone());
            Arc::new(reached(open)?)
        }
    })
}

/// How `redis` is reached.
pub(in crate::cli) fn redis(config: &config::Store, keep: Keep) -> RedisSettings {
    let defaults = RedisSettings::new(config.url.clone().unwrap_or_default());
    RedisSettings {
        cache_bytes: config.cache_bytes.unwrap_or(defaults.cache_bytes),
        cluster: config.cluster,
        password: config.password.clone(),
        tls_ca: config.tls_ca.clone(),
        prefix: config.prefix.clone(),
        keep,
        ..defaults
    }
}

/// How `postgres` is reached.
pub(in crate::cli) fn postgres(config: &config::Store, keep: Keep) -> PostgresSettings {
    let defaults = PostgresSettings::new(config.url.clone().unwrap_or_default());
    PostgresSettings {
        cache_bytes: config.cache_bytes.unwrap_or(defaults.cache_bytes),
        password: config.password.clone(),
        tls_ca: config.tls_ca.clone(),
        schema: config.schema.clone(),
        keep,
        ..defaults
    }
}

/// How long a start waits for a server that cannot be reached yet.
const REACH: Duration = Duration::from_secs(60);

/// The store on a server, as soon as that is there.
fn reached<S, F>(open: impl Fn() -> F) -> Result<S, StoreError>
where
    F: Future<Output = Result<S, StoreError>>,
{
    let opening = async {
        let end = Instant::now() + REACH;
        loop {
            match open().await {
                Err(error @ StoreError::Unavailable { .. }) if Instant::now() < end => {
                    tracing::warn!(%error, "the service starts when the store is there");
                    tokio::time::sleep(Duration::from_secs(1)).await;
                }
                outcome => return outcome,
            }
        }
    };
    tokio::runtime::Handle::current().block_on(opening)
}
