//! `[[source]]`: where events come from.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Secret;

/// One `[[source]]`.
#[derive(Clone, Debug, Serialize)]
#[serde(tag = "kind", rename_all = "lowercase")]
pub enum Source {
    /// RocketMQ through the NameServer.
    #[cfg(feature = "remoting")]
    Remoting(Remoting),
    /// RocketMQ 5.x through its proxy.
    #[cfg(feature = "grpc")]
    Grpc(Grpc),
    /// `POST /v1/events`.
    Http(Http),
    /// A file, a folder or standard input.
    File(File),
    /// The simulated fleet.
    Fleet(Fleet),
}

impl Source {
    /// Its kind in the configuration.
    pub fn kind(&self) -> &'static str {
        match self {
            #[cfg(feature = "remoting")]
            Source::Remoting(_) => "remoting",
            #[cfg(feature = "grpc")]
            Source::Grpc(_) => "grpc",
            Source::Http(_) => "http",
            Source::File(_) => "file",
            Source::Fleet(_) => "fleet",
        }
    }
}

/// Kinds that this build has.
pub const KINDS: &[&str] = &[
    #[cfg(feature = "remoting")]
    "remoting",
    #[cfg(feature = "grpc")]
    "grpc",
    "http",
    "file",
    "fleet",
];

/// `kind = "remoting"`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Remoting {
    /// NameServers as `host:port;host:port`.
    pub namesrv: String,
    /// The topic.
    pub topic: String,
    /// The consumer group.
    pub group: String,
    /// Instance id of a hosted RocketMQ.
    pub namespace: Option<String>,
    /// Access key.
    pub access_key: Option<Secret>,
    /// Secret key.
    pub secret_key: Option<Secret>,
    /// A file that holds the secret key.
    pub secret_key_file: Option<PathBuf>,
    /// Whether to speak TLS.
    #[serde(default)]
    pub tls: bool,
    /// PEM file of the certificate authority.
    pub ca_file: Option<PathBuf>,
}

/// `kind = "grpc"`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grpc {
    /// The proxy as `host:port`.
    pub endpoint: String,
    /// The topic.
    pub topic: String,
    /// The consumer group.
    pub group: String,
}

/// `kind = "http"`
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {}

/// `kind = "file"`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// A file, a folder, or `-`.
    pub path: PathBuf,
    /// Whether to go on as it grows.
    #[serde(default)]
    pub follow: bool,
}

/// `kind = "fleet"`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Fleet {
    /// How many clients.
    pub clients: u32,
    /// Events a second.
    pub rate: u32,
    /// The same seed gives the same fleet.
    pub seed: u64,
}

impl Default for Fleet {
    fn default() -> Self {
        Fleet {
            clients: 1_000,
            rate: 100,
            seed: 1,
        }
    }
}
