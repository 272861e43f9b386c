//! What a channel is, what a client reads, and counts of both.

use std::fmt;
use std::ops::{AddAssign, SubAssign};

use serde::{Deserialize, Serialize};

use super::Options;

/// What a channel is at a moment. Derived from the slots, never stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ChannelState {
    /// It has `connect` and is not closed.
    Live,
    /// It has `connect` and a closing fact.
    Closed,
    /// It has no `connect`.
    Orphan,
    /// Live, but the client has a newer connect (option `takeover`).
    Superseded,
    /// Live for longer than the lease (option `lease`).
    Suspect,
}

impl ChannelState {
    /// All states, in the order in which they are counted.
    pub const ALL: [ChannelState; 5] = [
        ChannelState::Live,
        ChannelState::Closed,
        ChannelState::Orphan,
        ChannelState::Superseded,
        ChannelState::Suspect,
    ];

    /// The state of a channel that connected at `connect`, if it did, was
    /// `confirmed` at a later time, and is `closed` or not; the rest as of [`Channel::state`](super::Channel::state).
    pub(super) fn of(
        connect: Option<u64>,
        confirmed: Option<u64>,
        closed: bool,
        channel_id: &str,
        newest_connect: Option<(u64, &str)>,
        options: &Options,
        now: u64,
    ) -> ChannelState {
        let Some(connect) = connect else {
            return ChannelState::Orphan;
        };
        let sure = confirmed.map_or(connect, |confirmed| confirmed.max(connect));
        let overdue = |lease: u64| now.saturating_sub(sure) > lease;
        if closed {
            ChannelState::Closed
        } else if options.takeover && newest_connect > Some((connect, channel_id)) {
            ChannelState::Superseded
        } else if options.lease.is_some_and(overdue) {
            ChannelState::Suspect
        } else {
            ChannelState::Live
        }
    }

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            ChannelState::Live => "live",
            ChannelState::Closed => "closed",
            ChannelState::Orphan => "orphan",
            ChannelState::Superseded => "superseded",
            ChannelState::Suspect => "suspect",
        }
    }
}

impl fmt::Display for ChannelState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
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

impl Status {
    /// The answer for a client whose channels are in these states; closed,
    /// orphan and superseded ones make no difference.
    pub(crate) fn of(states: impl Iterator<Item = ChannelState>) -> Status {
        let mut status = Status::Offline;
        for state in states {
            match state {
                ChannelState::Live => return Status::Online,
                ChannelState::Suspect => status = Status::Suspect,
                ChannelState::Closed | ChannelState::Orphan | ChannelState::Superseded => {}
            }
        }
        status
    }

    /// The answer that this settles, if it is not the one that was said last.
    pub(super) fn flip(self, last: Option<bool>) -> Option<bool> {
        let online = match self {
            Status::Online => true,
            Status::Offline | Status::Unknown => false,
            Status::Suspect => return None,
        };
        (last.unwrap_or(false) != online).then_some(online)
    }

    /// The name in JSON.
    pub fn as_str(self) -> &'static str {
        match self {
            Status::Online => "online",
            Status::Offline => "offline",
            Status::Suspect => "suspect",
            Status::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Status {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Numbers of channels by state. Totals are kept by adding a client's counts
/// after a change and taking away those before it.
///
/// Under `lease` a channel turns suspect by the clock alone, so running
/// totals count it live until its client is next looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Counts {
    /// Live channels.
    pub live: u64,
    /// Closed channels.
    pub closed: u64,
    /// Orphan channels.
    pub orphan: u64,
    /// Superseded channels.
    pub superseded: u64,
    /// Suspect channels.
    pub suspect: u64,
}

impl Counts {
    /// The number of channels in this state.
    pub fn get(&self, state: ChannelState) -> u64 {
        match state {
            ChannelState::Live => self.live,
            ChannelState::Closed => self.closed,
            ChannelState::Orphan => self.orphan,
            ChannelState::Superseded => self.superseded,
            ChannelState::Suspect => self.suspect,
        }
    }

    /// Each state with its number, in the order of [`ChannelState::ALL`].
    pub fn iter(&self) -> impl Iterator<Item = (ChannelState, u64)> + '_ {
        ChannelState::ALL
            .into_iter()
            .map(|state| (state, self.get(state)))
    }

    /// Channels in any state.
    pub fn total(&self) -> u64 {
        self.iter().map(|(_, count)| count).sum()
    }

    /// Counts one more channel.
    pub fn add(&mut self, state: ChannelState) {
        *self.of(state) += 1;
    }

    fn of(&mut self, state: ChannelState) -> &mut u64 {
        match state {
            ChannelState::Live => &mut self.live,
            ChannelState::Closed => &mut self.closed,
            ChannelState::Orphan => &mut self.orphan,
            ChannelState::Superseded => &mut self.superseded,
            ChannelState::Suspect => &mut self.suspect,
        }
    }
}

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Counts) {
        for (state, count) in other.iter() {
            *self.of(state) += count;
        }
    }
}

/// Takes away at most what is there: under `lease` a running total may have
/// counted a channel in the state it had before the clock moved on.
impl SubAssign for Counts {
    fn sub_assign(&mut self, other: Counts) {
        for (state, count) in other.iter() {
            let total = self.of(state);
            *total = total.saturating_sub(count);
        }
    }
}
