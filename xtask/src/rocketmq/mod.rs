//! A real RocketMQ on loopback ports, without containers.
//!
//! ```no_run
//! use xtask::rocketmq::{Cluster, StartOptions};
//!
//! let dir = std::env::temp_dir().join("rocketmq-try");
//! let options = StartOptions::new("5.3.3", &dir).topic("events", 8).group("GID_presence");
//! let cluster = Cluster::start(options)?;
//! println!("name server at {}", cluster.namesrv());
//! # Ok::<(), String>(())
//! ```
//!
//! Versions 5.x run a name server and a proxy with its broker inside, which
//! speaks gRPC too; versions 4.x run a name server and a broker.

mod access;
mod admin;
mod cluster;
mod conf;
mod fetch;
mod options;
mod ports;
mod registration;
mod server;

pub use cluster::Cluster;
pub use fetch::{cache_folder, fetch, missing};
pub use options::StartOptions;

/// The versions that the tests start.
pub const TESTED: [&str; 2] = ["4.9.7", "5.3.3"];
