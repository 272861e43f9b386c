//! A channel as [`Table`](super::table::Table) keeps it: small.

use std::sync::Arc;

use super::id::Id;
use super::{Channel, ChannelState, Closing, Fact, Options};
use crate::event::Kind;

/// Stands for no row, and no place.
pub(super) const NONE: u32 = u32::MAX;

/// A channel of a client.
#[derive(Clone, Debug)]
pub(super) struct ChannelRow {
    pub id: Id,
    pub hash: u64,
    /// Its client's row.
    pub client: u32,
    /// The client's channel that came before it.
    pub before: u32,
    /// Whether it is chained among the client's channels that are not closed.
    pub open: bool,
    pub open_before: u32,
    pub open_next: u32,
    connect: Slot,
    disconnect: Slot,
    tcpclean: Slot,
    /// As [`Channel::closed_at`].
    closed_at: Option<u64>,
}

type Slot = Option<Kept>;

/// A fact whose texts may be those of another fact of the channel, as they
/// mostly are.
#[derive(Clone, Debug)]
struct Kept {
    time: u64,
    client_ip: Option<Arc<str>>,
    /// `None` is empty; thin, because it mostly is.
    origin: Option<Box<Box<str>>>,
}

impl Kept {
    fn order(&self) -> (u64, Option<&str>, &str) {
        let origin = self.origin.as_deref().map_or("", |origin| origin);
        (self.time, self.client_ip.as_deref(), origin)
    }
}

impl ChannelRow {
    pub fn new(id: &str, hash: u64, client: u32, before: u32) -> ChannelRow {
        ChannelRow {
            id: Id::new(id),
            hash,
            client,
            before,
            open: false,
            open_before: NONE,
            open_next: NONE,
            connect: None,
            disconnect: None,
            tcpclean: None,
            closed_at: None,
        }
    }

    /// As [`Channel`]'s own: the smaller fact stays; true when this one was taken.
    pub fn join(&mut self, kind: Kind, time: u64, client_ip: Option<&str>, origin: &str) -> bool {
        if let Some(kept) = self.slot(kind)
            && kept.order() <= (time, client_ip, origin)
        {
            return false;
        }
        let kept = Kept {
            time,
            client_ip: client_ip.map(|ip| self.shared(ip)),
            origin: match origin {
                "" => None,
                _ => Some(Box::new(origin.into())),
            },
        };
        *self.slot_mut(kind) = Some(kept);
        true
    }

    /// This address, once for all facts that have it.
    fn shared(&self, ip: &str) -> Arc<str> {
        let kept = [&self.connect, &self.disconnect, &self.tcpclean];
        let known = kept
            .into_iter()
            .flatten()
            .filter_map(|kept| kept.client_ip.as_ref())
            .find(|known| ***known == *ip);
        known.map_or_else(|| ip.into(), Arc::clone)
    }

    /// Notes that a closing fact was applied at `now`.
    pub fn note_closing(&mut self, now: u64) {
        self.closed_at = self.closed_at.max(Some(now));
    }

    /// Whether it has `connect` and is not closed.
    pub fn is_open(&self, closing: Closing) -> bool {
        self.connect.is_some() && !self.is_closed(closing)
    }

    fn is_closed(&self, closing: Closing) -> bool {
        self.tcpclean.is_some() || closing == Closing::Any && self.disconnect.is_some()
    }

    /// Whether retention no longer keeps it.
    pub fn is_over(&self, now: u64, options: &Options) -> bool {
        let over = |at: u64| now.saturating_sub(at) > options.retention;
        self.closed_at.is_some_and(over) && !self.is_open(options.closing)
    }

    /// Time and channel of its connect.
    pub fn connected(&self) -> Option<(u64, &str)> {
        Some((self.connect.as_ref()?.time, self.id.text()))
    }

    /// As [`Channel::state`].
    pub fn state(&self, newest: Option<(u64, &str)>, options: &Options, now: u64) -> ChannelState {
        let connect = self.connect.as_ref().map(|kept| kept.time);
        let closed = self.is_closed(options.closing);
        ChannelState::of(connect, closed, self.id.text(), newest, options, now)
    }

    /// Takes the facts of a record.
    pub fn fill(&mut self, channel: Channel) {
        let mut slot = |kind, fact: Option<Fact>| {
            if let Some(fact) = fact {
                self.join(kind, fact.time, fact.client_ip.as_deref(), &fact.origin);
            }
        };
        slot(Kind::Connect, channel.connect);
        slot(Kind::Disconnect, channel.disconnect);
        slot(Kind::Tcpclean, channel.tcpclean);
        self.closed_at = channel.closed_at;
    }

    fn slot(&self, kind: Kind) -> &Slot {
        match kind {
            Kind::Connect => &self.connect,
            Kind::Disconnect => &self.disconnect,
            Kind::Tcpclean => &self.tcpclean,
        }
    }

    fn slot_mut(&mut self, kind: Kind) -> &mut Slot {
        match kind {
            Kind::Connect => &mut self.connect,
            Kind::Disconnect => &mut self.disconnect,
            Kind::Tcpclean => &mut self.tcpclean,
        }
    }
}

impl From<&ChannelRow> for Channel {
    fn from(row: &ChannelRow) -> Channel {
        let fact = |slot: &Slot| {
            slot.as_ref().map(|kept| Fact {
                time: kept.time,
                client_ip: kept.client_ip.as_deref().map(str::to_owned),
                origin: kept.order().2.to_owned(),
            })
        };
        Channel {
            connect: fact(&row.connect),
            disconnect: fact(&row.disconnect),
            tcpclean: fact(&row.tcpclean),
            closed_at: row.closed_at,
        }
    }
}
