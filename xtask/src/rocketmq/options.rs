//! What a cluster is started with.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;

/// Which RocketMQ, where, and with what in it.
#[derive(Clone, Debug)]
pub struct StartOptions {
    /// A version on Maven Central, such as `5.3.3` or `4.9.7`.
    pub version: String,
    /// Scratch folder for configuration, store and logs. It is made when it
    /// is not there and never deleted; a store in it is used again.
    pub dir: PathBuf,
    /// Topics that are there from the start, with their number of queues.
    /// This costs nothing, while an admin call takes 4 s of JVM start.
    pub topics: Vec<(String, u32)>,
    /// Consumer groups that are there from the start.
    pub groups: Vec<String>,
    /// Further lines of `broker.conf`; a later line wins over ours.
    pub broker_conf: Vec<String>,
    /// Further lines of `namesrv.conf`.
    pub namesrv_conf: Vec<String>,
    /// Further entries of `rmq-proxy.json` (5.x).
    pub proxy_conf: Vec<(String, Value)>,
    /// Further JVM flags of both servers and of the admin tool.
    pub jvm_flags: Vec<String>,
    /// Access key and secret key that the admin tool signs with.
    pub admin_keys: Option<(String, String)>,
    /// How long each server may take until it is ready.
    pub deadline: Duration,
}

impl StartOptions {
    /// An empty cluster of this version in this folder.
    pub fn new(version: impl Into<String>, dir: impl AsRef<Path>) -> Self {
        StartOptions {
            version: version.into(),
            dir: dir.as_ref().to_owned(),
            topics: Vec::new(),
            groups: Vec::new(),
            broker_conf: Vec::new(),
            namesrv_conf: Vec::new(),
            proxy_conf: Vec::new(),
            jvm_flags: Vec::new(),
            admin_keys: None,
            deadline: Duration::from_secs(120),
        }
    }

    /// With a topic of so many queues.
    pub fn topic(mut self, name: impl Into<String>, queues: u32) -> Self {
        self.topics.push((name.into(), queues));
        self
    }

    /// With a consumer group.
    pub fn group(mut self, name: impl Into<String>) -> Self {
        self.groups.push(name.into());
        self
    }

    /// With a further line of `broker.conf`.
    pub fn broker_line(mut self, line: impl Into<String>) -> Self {
        self.broker_conf.push(line.into());
        self
    }

    /// With a further JVM flag.
    pub fn jvm_flag(mut self, flag: impl Into<String>) -> Self {
        self.jvm_flags.push(flag.into());
        self
    }
}

/// Whether a version has the proxy, and so gRPC.
pub(super) fn has_proxy(version: &str) -> bool {
    !version.starts_with("4.")
}
