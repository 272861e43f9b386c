//! The server of a shared store.

use std::path::Path;
use std::sync::Arc;

use mqtt_presence::store::{Postgres, PostgresSettings, Redis, RedisSettings, Store, StoreError};
use mqtt_presence_core::presence::Options;
use xtask::{postgres, redis};

/// A real server, which can be killed and frozen.
pub enum Backend {
    Redis(redis::Server),
    Postgres(postgres::Postgres),
}

impl Backend {
    /// One of each kind, as a careful person would set them up: what is
    /// acknowledged is on the disk.
    pub fn each(folder: &Path) -> Vec<Backend> {
        ["redis", "postgres"]
            .map(|name| Backend::start(name, folder))
            .into()
    }

    /// The one of this name.
    pub fn start(name: &str, folder: &Path) -> Backend {
        let redis = ["--appendonly", "yes", "--appendfsync", "always"];
        match name {
            "redis" => Backend::Redis(redis::Server::start(&folder.join("redis"), &redis).unwrap()),
            "postgres" => Backend::Postgres(postgres::Postgres::start().unwrap()),
            _ => panic!("`{name}` is no shared store: take `redis` or `postgres`"),
        }
    }

    pub fn name(&self) -> &'static str {
        match self {
            Backend::Redis(_) => "redis",
            Backend::Postgres(_) => "postgres",
        }
    }

    pub fn port(&self) -> u16 {
        match self {
            Backend::Redis(server) => server.port(),
            Backend::Postgres(server) => server.port(),
        }
    }

    /// The URL of the store where its server is reached at this port.
    pub fn url(&self, port: u16) -> String {
        match self {
            Backend::Redis(_) => format!("redis://127.0.0.1:{port}"),
            Backend::Postgres(_) => format!("postgres://postgres@127.0.0.1:{port}/postgres"),
        }
    }

    /// The store, opened past the proxies.
    pub async fn open(&self) -> Result<Arc<dyn Store>, StoreError> {
        let (url, options) = (self.url(self.port()), Options::default());
        Ok(match self {
            Backend::Redis(_) => Arc::new(Redis::open(RedisSettings::new(url), options).await?),
            Backend::Postgres(_) => {
                Arc::new(Postgres::open(PostgresSettings::new(url), options).await?)
            }
        })
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        match self {
            Backend::Redis(server) => server.kill(),
            Backend::Postgres(server) => server.kill(),
        }
    }

    pub fn start_again(&mut self) {
        match self {
            Backend::Redis(server) => server.again().unwrap(),
            Backend::Postgres(server) => server.run().unwrap(),
        }
    }

    /// Sends `STOP` or `CONT`.
    pub fn signal(&self, signal: &str) {
        match self {
            Backend::Redis(server) => server.signal(signal).unwrap(),
            Backend::Postgres(server) => server.signal(signal),
        }
    }
}
