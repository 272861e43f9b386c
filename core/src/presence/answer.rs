//! A channel as answers show it.

use serde::{Deserialize, Serialize};

use super::{Channel, ChannelState, Client, Fact, Options};

/// What a slot holds, as answers show it; an empty slot is `null`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct SlotAnswer {
    /// Event time in milliseconds since 1970.
    pub time: u64,
    /// `ip:port`, `null` when the event had none.
    pub client_ip: Option<String>,
}

impl From<&Fact> for SlotAnswer {
    fn from(fact: &Fact) -> Self {
        SlotAnswer {
            time: fact.time,
            client_ip: fact.client_ip.clone(),
        }
    }
}

/// A channel as `replay` and the vectors show it; the keys are written in
/// this order and none is left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ChannelAnswer {
    /// Its id.
    pub channel_id: String,
    /// What it is.
    pub state: ChannelState,
    /// The slots.
    pub connect: Option<SlotAnswer>,
    /// The client sent DISCONNECT.
    pub disconnect: Option<SlotAnswer>,
    /// The TCP connection ended.
    pub tcpclean: Option<SlotAnswer>,
}

impl ChannelAnswer {
    /// The answer for a channel in this state.
    pub fn new(channel_id: &str, channel: &Channel, state: ChannelState) -> Self {
        ChannelAnswer {
            channel_id: channel_id.to_owned(),
            state,
            connect: channel.connect.as_ref().map(SlotAnswer::from),
            disconnect: channel.disconnect.as_ref().map(SlotAnswer::from),
            tcpclean: channel.tcpclean.as_ref().map(SlotAnswer::from),
        }
    }
}

impl Client {
    /// Every channel as answers show it at `now`, in byte order.
    pub fn channel_answers(&self, options: &Options, now: u64) -> Vec<ChannelAnswer> {
        self.states(options, now)
            .map(|(id, channel, state)| ChannelAnswer::new(id, channel, state))
            .collect()
    }
}
