//! The connection: made when it is needed, dropped at its first fault, and
//! every call with an end.

use std::path::Path;
use std::time::Duration;

use redis::aio::{ConnectionLike, MultiplexedConnection};
use redis::cluster::ClusterClient;
use redis::cluster_async::ClusterConnection;
use redis::{
    AsyncConnectionConfig, Client, Cmd, ConnectionInfo, FromRedisValue, IntoConnectionInfo,
    Pipeline, RedisResult, TlsCertificates, Value,
};
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use tokio::sync::Mutex;
use tokio::time::timeout;

use super::RedisSettings;
use super::fault::{self, unusable};
use crate::store::{StoreError, StoreTrouble};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(3);
/// How long an answer may take. The largest commit takes a tenth of a second.
const ANSWER: Duration = Duration::from_secs(5);

/// The way to the server or the cluster.
pub(super) struct Link {
    way: Way,
    secure: bool,
    /// Hosts and ports, for sentences.
    pub address: String,
    open: Mutex<Option<Open>>,
}

enum Way {
    One(Box<Client>),
    Many(Box<ClusterClient>),
}

#[derive(Clone)]
enum Open {
    One(MultiplexedConnection),
    Many(ClusterConnection),
}

impl std::fmt::Debug for Link {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Link")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Link {
    /// Looks at the settings; connects to nobody yet.
    pub fn new(settings: &RedisSettings) -> Result<Link, StoreError> {
        let urls: Vec<&str> = settings.url.split(',').map(str::trim).collect();
        let mut infos: Vec<ConnectionInfo> = Vec::new();
        for url in &urls {
            let info = url.into_connection_info().map_err(|_| {
                unusable("`store.url` is not of the form `redis://HOST:PORT`, or `rediss://HOST:PORT` for TLS")
            })?;
            let mut own = info.redis_settings().clone();
            if let Some(password) = &settings.password {
                own = own.set_password(password.expose());
            }
            infos.push(info.set_redis_settings(own));
        }
        let address: Vec<String> = infos.iter().map(|info| info.addr().to_string()).collect();
        let address = address.join(", ");
        let secure = urls.iter().any(|url| url.starts_with("rediss://"));
        let certificates = TlsCertificates {
            client_tls: None,
            root_cert: settings.tls_ca.as_deref().map(authorities).transpose()?,
        };
        if secure {
            // Another part of the service may have named it already.
            let _ = rustls::crypto::ring::default_provider().install_default();
        }
        let bad = |error| fault::of(&address, &error);
        let way = if settings.cluster {
            let mut builder = ClusterClient::builder(infos)
                .connection_timeout(CONNECT)
                .response_timeout(ANSWER)
                .retries(3);
            if secure {
                builder = builder.certs(certificates);
            }
            Way::Many(Box::new(builder.build().map_err(bad)?))
        } else {
            let [info] = <[ConnectionInfo; 1]>::try_from(infos).map_err(|_| {
                unusable("`store.url` names several servers; that needs `store.cluster = true`")
                    .about(StoreTrouble::ClusterMismatch)
            })?;
            Way::One(Box::new(if secure {
                Client::build_with_tls(info, certificates).map_err(bad)?
            } else {
                Client::open(info).map_err(bad)?
            }))
        };
        Ok(Link {
            way,
            secure,
            address,
            open: Mutex::default(),
        })
    }

    async fn open(&self) -> Result<Open, StoreError> {
        let mut open = self.open.lock().await;
        if let Some(open) = &*open {
            return Ok(open.clone());
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT))
            .set_response_timeout(Some(ANSWER));
        let connecting = async {
            RedisResult::Ok(match &self.way {
                Way::One(client) => Open::One(
                    client
                        .get_multiplexed_async_connection_with_config(&config)
                        .await?,
                ),
                Way::Many(client) => Open::Many(client.get_async_connection().await?),
            })
        };
        let made = match timeout(CONNECT + CONNECT, connecting).await {
            Ok(Ok(made)) => made,
            Ok(Err(error)) if !error.is_timeout() => {
                return Err(fault::of(&self.address, &error));
            }
            // A port without TLS waits for the end of a line.
            _ if self.secure => return Err(fault::silent_at_tls(&self.address)),
            _ => return Err(fault::silent(&self.address)),
        };
        *open = Some(made.clone());
        Ok(made)
    }

    /// Sends one command; an error of the server itself is the inner one.
    pub async fn try_ask<T: FromRedisValue>(
        &self,
        command: &Cmd,
    ) -> Result<RedisResult<T>, StoreError> {
        let asking = async |open: Open| -> RedisResult<T> {
            let value = match open {
                Open::One(mut open) => open.req_packed_command(command).await,
                Open::Many(mut open) => open.req_packed_command(command).await,
            };
            Ok(redis::from_redis_value(value?.extract_error()?)?)
        };
        self.exchange(asking).await
    }

    pub fn is_cluster(&self) -> bool {
        matches!(self.way, Way::Many(_))
    }

    /// Sends commands together; an error of the server itself is the inner one.
    pub async fn try_all(
        &self,
        commands: &Pipeline,
    ) -> Result<RedisResult<Vec<Value>>, StoreError> {
        self.exchange(async |open: Open| match open {
            Open::One(mut open) => commands.query_async(&mut open).await,
            Open::Many(mut open) => commands.query_async(&mut open).await,
        })
        .await
    }

    async fn exchange<T>(
        &self,
        asking: impl AsyncFnOnce(Open) -> RedisResult<T>,
    ) -> Result<RedisResult<T>, StoreError> {
        let open = self.open().await?;
        let Ok(answer) = timeout(ANSWER, asking(open)).await else {
            *self.open.lock().await = None;
            return Err(fault::silent(&self.address));
        };
        if let Err(error) = &answer
            && (error.is_io_error() || error.is_unrecoverable_error() || error.is_timeout())
        {
            *self.open.lock().await = None;
        }
        Ok(answer)
    }

    /// Sends one command.
    pub async fn ask<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, StoreError> {
        let answer = self.try_ask(command).await?;
        answer.map_err(|error| fault::of(&self.address, &error))
    }
}

/// A file with certificates.
fn authorities(path: &Path) -> Result<Vec<u8>, StoreError> {
    let shown = path.display();
    let bad = |what: String| {
        unusable(format!("`store.tls_ca`: `{shown}` {what}")).about(StoreTrouble::Certificate)
    };
    let text = std::fs::read(path).map_err(|error| bad(format!("cannot be read: {error}")))?;
    match CertificateDer::pem_slice_iter(&text).next() {
        Some(Ok(_)) => Ok(text),
        Some(Err(error)) => Err(bad(format!("cannot be read: {error}"))),
        None => Err(bad("holds no certificate".to_owned())),
    }
}
