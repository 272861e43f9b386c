//! What a list of open connections says against what is known.
//!
//! A list was true at one time, `as_of`. What it repairs enters as events of
//! that time with the origin [`RECONCILED`], through the same join as any
//! other. A real event of the same fact happened before the list was made, so
//! it is the smaller fact and takes the slot whenever it arrives; a real event
//! after the list is of another slot, or was seen and is left alone. So lists
//! and events commute, and a connect that is delivered again finds the channel
//! closed. What a list ended stays ended: a channel never comes back.

use super::{Channel, Client, Options};
use crate::event::{Event, Kind};

/// The origin of facts that a list of connections told, not an event. A
/// `connect` with it also confirms: `lease` counts from its time.
pub const RECONCILED: &str = "reconcile";

/// What a channel in a list of open connections comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Listed {
    /// It is known to be open.
    Known,
    /// It is known to be open, and at least half of its lease was over: apply
    /// the event of [`repair`], so that the lease counts from the list.
    Confirmed,
    /// Its connect was not seen: apply the event of [`repair`].
    Opened,
    /// It has ended; events go before lists.
    Ended,
}

impl Listed {
    /// The kind of the event to apply, if one is needed.
    pub fn repair(self) -> Option<Kind> {
        matches!(self, Listed::Confirmed | Listed::Opened).then_some(Kind::Connect)
    }
}

/// The event that tells what a list told; its origin is [`RECONCILED`].
/// `as_of` is in milliseconds since 1970.
pub fn repair(client_id: &str, channel_id: &str, kind: Kind, as_of: u64) -> Event {
    Event {
        client_id: client_id.to_owned(),
        channel_id: channel_id.to_owned(),
        kind,
        time: as_of,
        client_ip: None,
        extra: None,
    }
}

impl Listed {
    /// What it means that a list of the time `as_of` has a channel of which
    /// this is known, `None` for nothing.
    pub fn new(channel: Option<&Channel>, as_of: u64, options: &Options) -> Listed {
        let Some(channel) = channel else {
            return Listed::Opened;
        };
        if channel.closing(options.closing).is_some() {
            return Listed::Ended;
        }
        let Some(connect) = &channel.connect else {
            return Listed::Opened;
        };
        // A connect after the list must not become an older one.
        if connect.time >= as_of {
            return Listed::Known;
        }
        // As is usual for leases; a list costs no write for recent channels.
        let sure = channel.confirmed.max(Some(connect.time)).unwrap_or(0);
        match options.lease {
            Some(lease) if as_of.saturating_sub(sure) >= lease / 2 => Listed::Confirmed,
            _ => Listed::Known,
        }
    }
}

impl Client {
    /// The open channels that a full list of the time `as_of` would have, those
    /// that connected before it; the ones it has not are ended by a `tcpclean`
    /// of [`repair`].
    pub fn open_before(&self, as_of: u64, options: &Options) -> impl Iterator<Item = &str> {
        let open = move |channel: &Channel| {
            let connected = channel
                .connect
                .as_ref()
                .is_some_and(|fact| fact.time < as_of);
            connected && channel.is_open(options.closing)
        };
        let channels = self.channels.iter();
        channels.filter_map(move |(id, channel)| open(channel).then_some(id.as_str()))
    }
}
