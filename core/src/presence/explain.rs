//! Why a client's answer is what it is.

use serde::{Deserialize, Serialize};

use super::{ChannelState, Client, Fact, Options, Status, reason};

/// Everything that led to a client's answer. Keys are written in this order,
/// none is left out, channels stand in byte order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Explain {
    /// Whose answer.
    pub client_id: String,
    /// Whether the status is `online`.
    pub online: bool,
    /// The answer.
    pub status: Status,
    /// Event time of the last flip, `null` if it never flipped.
    pub since: Option<u64>,
    /// Every channel that is kept.
    pub channels: Vec<ExplainedChannel>,
    /// The sentence why the answer is what it is.
    pub reason: String,
}

/// A channel and why it is what it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedChannel {
    /// Its id.
    pub channel_id: String,
    /// What it is.
    pub state: ChannelState,
    /// That it began.
    pub connect: Option<ExplainedSlot>,
    /// That the client sent DISCONNECT.
    pub disconnect: Option<ExplainedSlot>,
    /// That the TCP connection ended.
    pub tcpclean: Option<ExplainedSlot>,
    /// The sentence why it is in this state.
    pub reason: String,
}

/// What a slot holds; an empty slot is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ExplainedSlot {
    /// Event time in milliseconds since 1970.
    pub time: u64,
    /// `ip:port`, `null` when the event had none.
    pub client_ip: Option<String>,
    /// Where the fact came from, `""` when the caller did not say.
    pub origin: String,
}

impl From<&Fact> for ExplainedSlot {
    fn from(fact: &Fact) -> Self {
        ExplainedSlot {
            time: fact.time,
            client_ip: fact.client_ip.clone(),
            origin: fact.origin.clone(),
        }
    }
}

impl Explain {
    /// The answer for a client at `now`; `None` is a client never seen.
    pub fn new(client_id: &str, client: Option<&Client>, options: &Options, now: u64) -> Self {
        match client {
            Some(client) => client.explain(client_id, options, now),
            None => Explain {
                client_id: client_id.to_owned(),
                online: false,
                status: Status::Unknown,
                since: None,
                channels: Vec::new(),
                reason: "unknown: no event of this client has arrived".to_owned(),
            },
        }
    }
}

impl Client {
    /// The answer at `now` with all that led to it.
    pub fn explain(&self, client_id: &str, options: &Options, now: u64) -> Explain {
        let newest = self.newest_connect();
        let channels = self
            .states(options, now)
            .map(|(id, channel, state)| ExplainedChannel {
                channel_id: id.to_owned(),
                state,
                connect: channel.connect.as_ref().map(ExplainedSlot::from),
                disconnect: channel.disconnect.as_ref().map(ExplainedSlot::from),
                tcpclean: channel.tcpclean.as_ref().map(ExplainedSlot::from),
                reason: reason::of_channel(channel, state, newest, options),
            })
            .collect();
        let status = self.status(options, now);
        Explain {
            client_id: client_id.to_owned(),
            online: status == Status::Online,
            status,
            since: self.since(),
            channels,
            reason: reason::of_client(self, status, options, now),
        }
    }
}
