//! `[[source]]`: where events come from.

use std::path::PathBuf;

use serde::Deserialize;

#[cfg(feature = "grpc")]
use crate::source::grpc;
#[cfg(feature = "remoting")]
use crate::source::remoting;

/// One `[[source]]`.
#[derive(Clone, Debug)]
pub enum Source {
    /// RocketMQ through the NameServer.
    #[cfg(feature = "remoting")]
    Remoting(Box<remoting::Config>),
    /// RocketMQ 5.x through its proxy.
    #[cfg(feature = "grpc")]
    Grpc(Box<grpc::Config>),
    /// `POST /v1/events`.
    Http(Http),
    /// A file, a folder or standard input.
    File(File),
    /// The simulated fleet.
    Fleet(Fleet),
}

impl Source {
    /// Whether it has `trace = true`.
    pub fn traces(&self) -> bool {
        match self {
            #[cfg(feature = "remoting")]
            Source::Remoting(remoting) => remoting.trace,
            _ => false,
        }
    }

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

/// `kind = "http"`
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Http {}

/// `kind = "file"`
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// A file, a folder, or `-`.
    pub path: PathBuf,
    /// Whether to go on as it grows.
    #[serde(default)]
    pub follow: bool,
}

/// `kind = "fleet"`
#[derive(Clone, Debug, Deserialize)]
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
