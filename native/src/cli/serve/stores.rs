//! The configured store, opened.

use std::sync::Arc;

use mqtt_presence_core::presence::Options;

use crate::config::{self, StoreKind};
use crate::store::{Keep, Memory, Redis, RedisSettings, Sqlite, SqliteSettings, Store, StoreError};

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
            let settings = SqliteSettings {
                keep,
                ..SqliteSettings::new(&config.path)
            };
            Arc::new(Sqlite::open(settings, options.clone())?)
        }
        StoreKind::Redis => {
            let settings = RedisSettings {
                keep,
                ..redis(config)
            };
            let opening = Redis::open(settings, options.clone());
            Arc::new(tokio::runtime::Handle::current().block_on(opening)?)
        }
    })
}

/// Where Redis is.
pub(in crate::cli) fn redis(config: &config::Store) -> RedisSettings {
    RedisSettings {
        cluster: config.cluster,
        password: config.password.clone(),
        tls_ca: config.tls_ca.clone(),
        prefix: config.prefix.clone(),
        ..RedisSettings::new(config.url.clone().unwrap_or_default())
    }
}
