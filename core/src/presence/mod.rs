//! The rule: which channels of a client are live, and so whether it is online.
//!
//! A [`Client`] is everything known of one client id. Stores keep clients as
//! they like, hand one to [`Client::apply`] with each event and write it back;
//! [`Presence`] is the map of all clients in memory.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::event::{Event, Kind};

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
#[derive(Clone, Debug, PartialEq, Eq)]
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

/// What one event said of one channel. Facts are ordered by time, then
/// clientIp (absent first), then origin; the smaller one stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// Event time in milliseconds since 1970.
    pub time: u64,
    /// `ip:port`, if the event had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// Where it came from: a RocketMQ message id, or a file and record.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
}

/// One TCP connection.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// The fact that it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<Fact>,
    /// The fact that the client sent DISCONNECT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disconnect: Option<Fact>,
    /// The fact that the TCP connection ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcpclean: Option<Fact>,
    /// When its closing was last applied, by the caller's clock.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<u64>,
}

/// What a channel is at a moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelState {
    /// It has `connect` and is not closed.
    Live,
    /// It has `connect` and a closing fact.
    Closed,
    /// It has a closing and no `connect`.
    Orphan,
    /// Live, but the client has a newer connect (option `takeover`).
    Superseded,
    /// Live for longer than the lease (option `lease`).
    Suspect,
}

/// The answer for a client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// At least one channel is live.
    Online,
    /// No channel is live.
    Offline,
    /// No channel is live, but one is suspect.
    Suspect,
    /// Never seen.
    Unknown,
}

/// The last flip of a client's answer; it outlives the channels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Last {
    /// The answer since then.
    pub online: bool,
    /// Event time of the cause.
    pub time: u64,
    /// The caller's clock when it was applied.
    pub observed_at: u64,
}

/// Everything known of one client id.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// By channel id, in byte order.
    #[serde(default)]
    pub channels: BTreeMap<String, Channel>,
    /// Time and channel id of the newest connect ever seen.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_connect: Option<(u64, String)>,
    /// The last flip of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Last>,
}

/// What applying one event did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Whether the client's record changed and must be written.
    pub changed: bool,
    /// The new answer, if it flipped.
    pub flipped: Option<bool>,
}

/// A client's answer flipped.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Transition {
    /// Whose answer.
    pub client_id: String,
    /// The new answer.
    pub online: bool,
    /// Event time of the cause.
    pub time: u64,
    /// The caller's clock when it was applied.
    pub observed_at: u64,
    /// The event that did it.
    pub cause: Cause,
}

/// The event that flipped an answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Cause {
    /// Its channel.
    pub channel_id: String,
    /// Its kind.
    pub event_type: Kind,
    /// Its RocketMQ message, if it came from one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message_id: Option<String>,
}

impl Client {
    /// Joins an event into its slot. `origin` says where it came from, `now`
    /// is the caller's clock.
    pub fn apply(
        &mut self,
        _event: &Event,
        _origin: &str,
        _now: u64,
        _options: &Options,
    ) -> Applied {
        unimplemented!()
    }

    /// The answer at `now`; `Unknown` is for clients that no store has.
    pub fn status(&self, _options: &Options, _now: u64) -> Status {
        unimplemented!()
    }
}
