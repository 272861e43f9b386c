//! Everything known of one client id, and the rule on it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Channel, ChannelState, Counts, Options, RECONCILED, Status};
use crate::event::{Event, Kind};

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

/// Everything known of one client id. Serialises compactly; a field that an
/// older version did not write reads as absent.
///
/// Asking or applying walks over all channels. A store with long records may
/// hand over a part instead: closed and orphan channels other than the event's
/// own make no difference to an answer and may be left out, if
/// `newest_forgotten` takes in their newest connect.
///
/// ```
/// use mqtt_presence_core::event::{Event, Kind};
/// use mqtt_presence_core::presence::{Client, Options};
///
/// // As a store does: read the record, apply, write it back if it changed.
/// let row = r#"{"channels":{"c1":{"connect":{"time":1000}}},"last":{"online":true,"time":1000,"observedAt":5}}"#;
/// let mut client: Client = serde_json::from_str(row).unwrap();
/// let event = Event {
///     client_id: "a".into(),
///     channel_id: "c1".into(),
///     kind: Kind::Tcpclean,
///     time: 2_000,
///     client_ip: None,
///     extra: None,
/// };
/// let applied = client.apply(&event, "message-7", 9, &Options::default());
/// assert!(applied.changed);
/// assert_eq!(applied.flipped, Some(false));
/// assert_eq!(client.since(), Some(2_000));
/// // A redelivery changes no more than the clock of the closing.
/// assert_eq!(client.apply(&event, "message-7", 9, &Options::default()).flipped, None);
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Client {
    /// By channel id, in byte order. In boxes, as a node of the tree has room
    /// for eleven and most clients have one or two.
    #[serde(default)]
    pub channels: BTreeMap<String, Box<Channel>>,
    /// Time and channel id of the newest connect among the channels that were
    /// forgotten; those still here carry their own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_forgotten: Option<(u64, String)>,
    /// The last flip of the answer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last: Option<Last>,
}

/// What applying one event, or merging a record, did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Applied {
    /// Whether the client's record changed and must be written.
    pub changed: bool,
    /// The new answer, if it flipped.
    pub flipped: Option<bool>,
}

impl Client {
    /// Joins an event into its slot. `origin` says where it came from, `now`
    /// is the caller's clock.
    ///
    /// The answer flips when it is settled (online or offline) and differs
    /// from the last flip, so flips alternate; a client that never flipped
    /// counts as offline. A client that reads `suspect` flips nothing, and
    /// flips only if what settles it differs from what was said last.
    pub fn apply(&mut self, event: &Event, origin: &str, now: u64, options: &Options) -> Applied {
        let changed = self.join(event, origin, now);
        let flipped = self.settle(self.status(options, now), event.time, now);
        Applied {
            changed: changed || flipped.is_some(),
            flipped,
        }
    }

    /// The answer at `now`. Never `Unknown`: that is for clients without a record.
    pub fn status(&self, options: &Options, now: u64) -> Status {
        Status::of(self.states(options, now).map(|(_, _, state)| state))
    }

    /// Whether at least one channel is live at `now`.
    pub fn online(&self, options: &Options, now: u64) -> bool {
        self.status(options, now) == Status::Online
    }

    /// Event time of the last flip, `None` if the answer never flipped.
    pub fn since(&self) -> Option<u64> {
        self.last.map(|last| last.time)
    }

    /// Every channel with its id and its state at `now`, in byte order.
    pub fn states<'a>(
        &'a self,
        options: &'a Options,
        now: u64,
    ) -> impl Iterator<Item = (&'a str, &'a Channel, ChannelState)> {
        let newest = if options.takeover {
            self.newest_connect()
        } else {
            None
        };
        self.channels.iter().map(move |(id, channel)| {
            (
                id.as_str(),
                &**channel,
                channel.state(id, newest, options, now),
            )
        })
    }

    /// The state of one channel at `now`, `None` if there is no such channel.
    pub fn channel_state(
        &self,
        channel_id: &str,
        options: &Options,
        now: u64,
    ) -> Option<ChannelState> {
        let channel = self.channels.get(channel_id)?;
        Some(channel.state(channel_id, self.newest_connect(), options, now))
    }

    /// How many channels are in each state at `now`.
    pub fn counts(&self, options: &Options, now: u64) -> Counts {
        let mut counts = Counts::default();
        for (_, _, state) in self.states(options, now) {
            counts.add(state);
        }
        counts
    }

    /// Time and channel id of the newest connect of any channel, live, closed
    /// or forgotten; the later time wins, then the greater id.
    ///
    /// Derived from the slots, so that when two connects of one channel
    /// disagree the fact that stayed is the one that counts.
    pub fn newest_connect(&self) -> Option<(u64, &str)> {
        let forgotten = self.newest_forgotten.as_ref();
        self.newest_kept()
            .max(forgotten.map(|(time, id)| (*time, id.as_str())))
    }

    /// The same of the channels that are still here.
    pub(super) fn newest_kept(&self) -> Option<(u64, &str)> {
        self.channels
            .iter()
            .filter_map(|(id, channel)| Some((channel.connect.as_ref()?.time, id.as_str())))
            .max()
    }

    /// Drops the closed and orphan channels whose closing was last applied
    /// more than `retention` ago, and returns how many went: one with
    /// `now - closed_at == retention` stays. A clock that went back drops
    /// nothing. Other channels, the newest connect and the last flip stay,
    /// so no answer changes.
    pub fn forget(&mut self, now: u64, options: &Options) -> usize {
        let before = self.channels.len();
        let forgotten = &mut self.newest_forgotten;
        self.channels.retain(|id, channel| {
            let over = channel
                .closed_at
                .is_some_and(|at| now.saturating_sub(at) > options.retention);
            let ended = !channel.is_open(options.closing);
            if !(over && ended) {
                return true;
            }
            if let Some(connect) = &channel.connect {
                let gone = (connect.time, id.as_str());
                if forgotten
                    .as_ref()
                    .is_none_or(|(time, id)| (*time, id.as_str()) < gone)
                {
                    *forgotten = Some((gone.0, gone.1.to_owned()));
                }
            }
            false
        });
        before - self.channels.len()
    }

    /// Joins an event into its slot; true when anything changed.
    pub(super) fn join(&mut self, event: &Event, origin: &str, now: u64) -> bool {
        // Looked up first, because most events are of a channel already here.
        let channel = match self.channels.get_mut(&event.channel_id) {
            Some(channel) => channel,
            None => self.channels.entry(event.channel_id.clone()).or_default(),
        };
        let taken = channel.join(event.kind, event.time, event.client_ip.as_deref(), origin);
        if event.kind == Kind::Connect {
            (origin == RECONCILED && channel.confirm(event.time)) || taken
        } else {
            channel.note_closing(now) || taken
        }
    }

    /// Notes the flip to this status, if it is one, as of the event time.
    pub(super) fn settle(&mut self, status: Status, time: u64, now: u64) -> Option<bool> {
        let online = self.flip(status)?;
        self.last = Some(Last {
            online,
            time,
            observed_at: now,
        });
        Some(online)
    }

    /// The answer that this status settles, if it is not the one of the last flip.
    pub(super) fn flip(&self, status: Status) -> Option<bool> {
        status.flip(self.last.map(|last| last.online))
    }
}
