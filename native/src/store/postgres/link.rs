//! A connection: how it is made, and what its session is set to.

use std::collections::HashMap;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rustls::{ClientConfig, RootCertStore};
use tokio::sync::mpsc;
use tokio::task::AbortHandle;
use tokio::time::timeout;
use tokio_postgres::config::SslMode;
use tokio_postgres::types::ToSql;
use tokio_postgres::{AsyncMessage, Client, Config, Row, Statement};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::fault::Fault;
use super::{PATIENCE, PostgresSettings};
use crate::authorities;
use crate::store::StoreTrouble;

/// The oldest server whose statements are all known: PostgreSQL 13.
const OLDEST: i32 = 130_000;

/// Where the server is and how it is spoken to.
#[derive(Clone)]
pub(super) struct Address {
    config: Config,
    tls: MakeRustlsConnect,
    schema: String,
    /// For sentences: host, port and database, in backticks.
    pub place: String,
}

impl Address {
    pub fn new(settings: &PostgresSettings) -> Result<Address, Fault> {
        let mut config: Config = settings
            .url
            .parse()
            .map_err(|error| other(format!("`store.url` cannot be read: {error}")))?;
        if let Some(password) = &settings.password {
            config.password(password.expose());
        }
        if settings.tls_ca.is_some() {
            config.ssl_mode(SslMode::Require);
        }
        config
            .application_name("mqtt-presence")
            .connect_timeout(PATIENCE / 2)
            .tcp_user_timeout(PATIENCE)
            .keepalives_idle(PATIENCE)
            .keepalives_interval(Duration::from_secs(2))
            .keepalives_retries(3);
        Ok(Address {
            place: place(&config),
            tls: MakeRustlsConnect::new(tls(settings)?),
            config,
            schema: settings.schema.clone(),
        })
    }

    /// Connects and sets the session up.
    pub async fn connect(&self) -> Result<Link, Fault> {
        timeout(PATIENCE, self.session(None)).await?
    }

    /// A connection that hands over what other instances notify.
    pub async fn listen(&self, heard: mpsc::Sender<String>) -> Result<Link, Fault> {
        timeout(PATIENCE, async {
            let link = self.session(Some(heard)).await?;
            let listen = format!("LISTEN \"{}\"", self.schema);
            link.client.batch_execute(&listen).await?;
            Ok(link)
        })
        .await?
    }

    async fn session(&self, heard: Option<mpsc::Sender<String>>) -> Result<Link, Fault> {
        let (client, mut connection) = self.config.connect(self.tls.clone()).await?;
        let driver = tokio::spawn(async move {
            // Ends with the connection; whoever asks then sees that.
            while let Some(Ok(message)) = poll_fn(|task| connection.poll_message(task)).await {
                if let (AsyncMessage::Notification(notification), Some(heard)) = (message, &heard) {
                    // One that does not fit says no more than those that wait.
                    let _ = heard.try_send(notification.payload().to_owned());
                }
            }
        });
        let link = Link {
            client,
            driver: driver.abort_handle(),
            statements: Mutex::default(),
        };
        // A commit that is acknowledged is on the disk, whatever the server's default.
        let session = format!(
            "SET search_path = \"{}\"; SET synchronous_commit = on; SET statement_timeout = '30s'; \
             SET lock_timeout = '8s'; SET idle_in_transaction_session_timeout = '10s'; SET jit = off; \
             SET client_min_messages = warning",
            self.schema
        );
        link.client.batch_execute(&session).await?;
        let version: String = link
            .client
            .query_one("SHOW server_version_num", &[])
            .await?
            .get(0);
        if version.parse::<i32>().is_ok_and(|version| version < OLDEST) {
            let sentence = format!(
                "{} is PostgreSQL {}; it takes version 13 or later",
                self.place,
                version.parse::<i32>().unwrap_or_default() / 10_000
            );
            return Err(Fault::Sentence(StoreTrouble::TooOld, sentence));
        }
        Ok(link)
    }
}

/// An open connection; closed when dropped.
pub(super) struct Link {
    pub client: Client,
    driver: AbortHandle,
    statements: Mutex<HashMap<&'static str, Statement>>,
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl Link {
    /// The statement, prepared once in this session.
    pub async fn prepared(&self, sql: &'static str) -> Result<Statement, Fault> {
        let known = self.statements().get(sql).cloned();
        if let Some(statement) = known {
            return Ok(statement);
        }
        let statement = self.client.prepare(sql).await?;
        self.statements().insert(sql, statement.clone());
        Ok(statement)
    }

    pub async fn rows(
        &self,
        sql: &'static str,
        values: &[&(dyn ToSql + Sync)],
    ) -> Result<Vec<Row>, Fault> {
        let statement = self.prepared(sql).await?;
        Ok(self.client.query(&statement, values).await?)
    }

    pub async fn batch(&self, sql: &str) -> Result<(), Fault> {
        Ok(self.client.batch_execute(sql).await?)
    }

    fn statements(&self) -> std::sync::MutexGuard<'_, HashMap<&'static str, Statement>> {
        self.statements
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

fn place(config: &Config) -> String {
    let hosts: Vec<String> = config
        .get_hosts()
        .iter()
        .enumerate()
        .map(|(index, host)| {
            let ports = config.get_ports();
            let port = ports.get(index).or(ports.first()).unwrap_or(&5432);
            match host {
                tokio_postgres::config::Host::Tcp(name) => format!("{name}:{port}"),
                #[cfg(unix)]
                tokio_postgres::config::Host::Unix(path) => path.display().to_string(),
            }
        })
        .collect();
    let database = config
        .get_dbname()
        .or(config.get_user())
        .unwrap_or_default();
    format!("`{}/{database}`", hosts.join(","))
}

fn other(sentence: String) -> Fault {
    Fault::Sentence(StoreTrouble::Other, sentence)
}

fn tls(settings: &PostgresSettings) -> Result<ClientConfig, Fault> {
    let mut roots = RootCertStore::empty();
    match &settings.tls_ca {
        Some(path) => {
            let key = "store.tls_ca";
            let bad = |sentence| Fault::Sentence(StoreTrouble::Certificate, sentence);
            for certificate in authorities::of_file(key, path).map_err(bad)? {
                roots
                    .add(certificate)
                    .map_err(|error| bad(authorities::unread(key, path, &error)))?;
            }
        }
        None => {
            roots.add_parsable_certificates(authorities::system());
        }
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let versions = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| other(format!("TLS cannot be set up: {error}")))?;
    Ok(versions.with_root_certificates(roots).with_no_client_auth())
}
