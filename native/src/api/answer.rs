//! What several calls answer with. Keys in the order of the contract, nothing
//! left out: what is absent is `null`.

use mqtt_presence_core::event::Kind;
use mqtt_presence_core::presence::{
    ChannelState, Client, Explain, ExplainedChannel, ExplainedSlot, Last, Options, Status,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::store::Numbered;

/// `online`, `offline`, `suspect` or `unknown`, for OpenAPI.
#[derive(ToSchema)]
#[schema(as = Status, rename_all = "lowercase")]
#[allow(dead_code)]
pub enum StatusSchema {
    /// At least one channel is live.
    Online,
    /// No channel is live.
    Offline,
    /// No channel is live, but one is suspect.
    Suspect,
    /// Never seen.
    Unknown,
}

/// `live`, `closed`, `orphan`, `superseded` or `suspect`, for OpenAPI.
#[derive(ToSchema)]
#[schema(as = ChannelState, rename_all = "lowercase")]
#[allow(dead_code)]
pub enum StateSchema {
    /// It began and has not ended.
    Live,
    /// It began and ended.
    Closed,
    /// It ended, and its beginning was not seen.
    Orphan,
    /// Live, but the client has a newer connect.
    Superseded,
    /// Live for longer than the lease.
    Suspect,
}

/// `connect`, `disconnect` or `tcpclean`, for OpenAPI.
#[derive(ToSchema)]
#[schema(as = EventType, rename_all = "lowercase")]
#[allow(dead_code)]
pub enum KindSchema {
    /// The connection began.
    Connect,
    /// The client sent DISCONNECT.
    Disconnect,
    /// The TCP connection ended.
    Tcpclean,
}

/// A client in a list.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Brief {
    /// The client.
    pub client_id: String,
    /// Whether `status` is `online`.
    pub online: bool,
    /// The answer.
    #[schema(value_type = StatusSchema)]
    pub status: Status,
    /// Event time of the last flip, in milliseconds since 1970.
    pub since: Option<u64>,
}

impl Brief {
    /// The answer at `now`; `None` is a client never seen.
    pub fn new(client_id: String, client: Option<&Client>, options: &Options, now: u64) -> Brief {
        let status = client.map_or(Status::Unknown, |client| client.status(options, now));
        Brief {
            client_id,
            online: status == Status::Online,
            status,
            since: client.and_then(Client::since),
        }
    }
}

/// A client with all that led to the answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Explained {
    /// The client.
    pub client_id: String,
    /// Whether `status` is `online`.
    pub online: bool,
    /// The answer.
    #[schema(value_type = StatusSchema)]
    pub status: Status,
    /// Event time of the last flip, in milliseconds since 1970.
    pub since: Option<u64>,
    /// Every channel that is kept, by id.
    pub channels: Vec<ChannelAnswer>,
    /// Why the answer is what it is.
    pub reason: String,
    /// The last flip.
    pub last_transition: Option<LastTransition>,
}

impl Explained {
    /// The core's explanation with the last flip.
    pub fn new(explain: Explain, last_transition: Option<LastTransition>) -> Explained {
        Explained {
            client_id: explain.client_id,
            online: explain.online,
            status: explain.status,
            since: explain.since,
            channels: explain
                .channels
                .into_iter()
                .map(ChannelAnswer::from)
                .collect(),
            reason: explain.reason,
            last_transition,
        }
    }
}

/// One TCP connection.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ChannelAnswer {
    /// Its id.
    pub channel_id: String,
    /// What it is.
    #[schema(value_type = StateSchema)]
    pub state: ChannelState,
    /// That it began.
    pub connect: Option<SlotAnswer>,
    /// That the client sent DISCONNECT.
    pub disconnect: Option<SlotAnswer>,
    /// That the TCP connection ended.
    pub tcpclean: Option<SlotAnswer>,
    /// Why it is what it is.
    pub reason: String,
}

impl From<ExplainedChannel> for ChannelAnswer {
    fn from(channel: ExplainedChannel) -> ChannelAnswer {
        ChannelAnswer {
            channel_id: channel.channel_id,
            state: channel.state,
            connect: channel.connect.map(SlotAnswer::from),
            disconnect: channel.disconnect.map(SlotAnswer::from),
            tcpclean: channel.tcpclean.map(SlotAnswer::from),
            reason: channel.reason,
        }
    }
}

/// What one event said of a channel.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SlotAnswer {
    /// Event time in milliseconds since 1970.
    pub time: u64,
    /// `ip:port`.
    pub client_ip: Option<String>,
    /// Where the event came from.
    pub origin: String,
}

impl From<ExplainedSlot> for SlotAnswer {
    fn from(slot: ExplainedSlot) -> SlotAnswer {
        SlotAnswer {
            time: slot.time,
            client_ip: slot.client_ip,
            origin: slot.origin,
        }
    }
}

/// The last flip of a client; it outlives the history, then without id and cause.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct LastTransition {
    /// Its id in the stream.
    pub id: Option<u64>,
    /// The answer since then.
    pub online: bool,
    /// Event time of the cause.
    pub time: u64,
    /// When it was applied.
    pub observed_at: u64,
    /// The event that did it.
    pub cause: Option<CauseAnswer>,
}

impl From<Numbered> for LastTransition {
    fn from(numbered: Numbered) -> LastTransition {
        let answer = TransitionAnswer::from(numbered);
        LastTransition {
            id: Some(answer.id),
            online: answer.online,
            time: answer.time,
            observed_at: answer.observed_at,
            cause: Some(answer.cause),
        }
    }
}

impl From<Last> for LastTransition {
    fn from(last: Last) -> LastTransition {
        LastTransition {
            id: None,
            online: last.online,
            time: last.time,
            observed_at: last.observed_at,
            cause: None,
        }
    }
}

/// A client's answer flipped.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct TransitionAnswer {
    /// Its id in the stream of all transitions.
    pub id: u64,
    /// The client.
    pub client_id: String,
    /// The new answer.
    pub online: bool,
    /// Event time of the cause.
    pub time: u64,
    /// When it was applied.
    pub observed_at: u64,
    /// The event that did it.
    pub cause: CauseAnswer,
    /// Whether a list of connections (`POST /v1/reconcile`) told it, and no event.
    pub synthetic: bool,
}

/// The event that flipped an answer.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CauseAnswer {
    /// Its channel.
    pub channel_id: String,
    /// Its kind.
    #[schema(value_type = KindSchema)]
    pub event_type: Kind,
    /// Its RocketMQ message.
    pub message_id: Option<String>,
    /// The topic of that message.
    pub topic: Option<String>,
    /// The number of its queue.
    pub queue: Option<u32>,
    /// Its offset in the queue, or that of the event in its file.
    pub offset: Option<u64>,
}

impl From<Numbered> for TransitionAnswer {
    fn from(Numbered { id, transition }: Numbered) -> TransitionAnswer {
        TransitionAnswer {
            id,
            client_id: transition.client_id,
            online: transition.online,
            time: transition.time,
            observed_at: transition.observed_at,
            cause: CauseAnswer {
                channel_id: transition.cause.channel_id,
                event_type: transition.cause.event_type,
                message_id: transition.cause.message_id,
                topic: transition.cause.topic,
                queue: transition.cause.queue,
                offset: transition.cause.offset,
            },
            synthetic: transition.synthetic,
        }
    }
}
