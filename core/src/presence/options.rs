//! How the rule is applied.

use serde::{Deserialize, Serialize};

/// Which facts close a channel.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Closing {
    /// `disconnect` or `tcpclean`.
    #[default]
    Any,
    /// `tcpclean` alone.
    Tcpclean,
}

/// How the rule is applied. All times are milliseconds.
///
/// Options shape answers, never the facts that are kept: a record written
/// under one set of options may be read under another.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default, deny_unknown_fields)]
pub struct Options {
    /// Which facts close a channel.
    pub closing: Closing,
    /// Whether a newer connect supersedes a client's older live channels.
    pub takeover: bool,
    /// How long a channel may be live before it becomes suspect.
    pub lease: Option<u64>,
    /// How long a closed or orphan channel is kept after its closing was applied.
    pub retention: u64,
}

impl Default for Options {
    fn default() -> Self {
        Options {
            closing: Closing::Any,
            takeover: false,
            lease: None,
            retention: 7 * 24 * 60 * 60 * 1000,
        }
    }
}
