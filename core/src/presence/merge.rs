//! Joining what two instances know of one client.

use std::collections::btree_map::Entry;

use super::{Applied, Channel, ChannelState, Client, Options, RECONCILED};
use crate::event::Kind;

/// The fact that decides an answer; the cause of a flip that a merge made.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Deciding {
    pub time: u64,
    pub channel_id: String,
    pub kind: Kind,
    /// Whether a list of connections told it.
    pub synthetic: bool,
}

impl Client {
    /// Joins another record of the same client into this one. The channels,
    /// with their `closed_at`, and the newest connect are a join: in whatever
    /// order and however often records are merged, they come out the same.
    ///
    /// `last` is no part of that: it says what this instance told its readers.
    /// It stays while the answer does; on a flip, relative to `self`, it takes
    /// the time of the fact that decides the joined answer and `now`: for
    /// online the first connect of a live channel, for offline the last end of
    /// a channel, or the connect that superseded it. Where `self` never
    /// flipped and is not flipped now, the other's `last` is taken over if it
    /// agrees.
    ///
    /// A channel that `self` has forgotten comes back as `other` has it, like a
    /// redelivery after forgetting: closed, to be forgotten again, or live if
    /// its closing never reached `other`.
    pub fn merge(&mut self, other: &Client, now: u64, options: &Options) -> Applied {
        let mut changed = false;
        for (id, channel) in &other.channels {
            changed |= match self.channels.entry(id.clone()) {
                Entry::Occupied(mut kept) => kept.get_mut().merge(channel),
                Entry::Vacant(free) => {
                    free.insert(channel.clone());
                    true
                }
            };
        }
        if self.newest_forgotten < other.newest_forgotten {
            self.newest_forgotten.clone_from(&other.newest_forgotten);
            changed = true;
        }
        let status = self.status(options, now);
        let flipped = self
            .flip(status)
            .and_then(|online| self.deciding(online, options, now))
            .and_then(|cause| self.settle(status, cause.time, now));
        if self.last.is_none() && other.last.is_some_and(|last| !last.online) {
            self.last = other.last;
            changed = true;
        }
        Applied {
            changed: changed || flipped.is_some(),
            flipped,
        }
    }

    /// The fact that decides this settled answer.
    pub(super) fn deciding(&self, online: bool, options: &Options, now: u64) -> Option<Deciding> {
        let decided = if online {
            self.states(options, now)
                .filter(|(_, _, state)| *state == ChannelState::Live)
                .filter_map(|(id, channel, _)| {
                    Some((channel.connect.as_ref()?.time, id, Kind::Connect))
                })
                .min()
        } else {
            let ended = self.ends(options, |channel| channel.connect.is_some());
            let superseding = self
                .newest_connect()
                .filter(|_| options.takeover)
                .map(|(time, id)| (time, id, Kind::Connect));
            ended
                .max(superseding)
                .or_else(|| self.ends(options, |channel| channel.connect.is_none()))
        };
        decided.map(|(time, channel_id, kind)| Deciding {
            time,
            channel_id: channel_id.to_owned(),
            kind,
            synthetic: self
                .channels
                .get(channel_id)
                .and_then(|channel| channel.slot(kind))
                .is_some_and(|fact| fact.origin == RECONCILED),
        })
    }

    /// The latest closing among the channels asked for.
    pub(super) fn ends(
        &self,
        options: &Options,
        asked: impl Fn(&Channel) -> bool,
    ) -> Option<(u64, &str, Kind)> {
        self.channels
            .iter()
            .filter(|(_, channel)| asked(channel))
            .filter_map(|(id, channel)| {
                let (kind, fact) = channel.closing(options.closing)?;
                Some((fact.time, id.as_str(), kind))
            })
            .max()
    }
}

impl Channel {
    /// Joins slot by slot; true when anything changed.
    fn merge(&mut self, other: &Channel) -> bool {
        let mut changed = false;
        for kind in [Kind::Connect, Kind::Disconnect, Kind::Tcpclean] {
            if let Some(fact) = other.slot(kind) {
                changed |= self.join(kind, fact.time, fact.client_ip.as_deref(), &fact.origin);
            }
        }
        if let Some(at) = other.closed_at {
            changed |= self.note_closing(at);
        }
        if let Some(at) = other.confirmed {
            changed |= self.confirm(at);
        }
        changed
    }
}
