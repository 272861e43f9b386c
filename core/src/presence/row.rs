//! A channel as [`Channels`](super::channels::Channels) keeps it: one line of
//! the cache.

use std::cmp::Ordering;

use super::packed::{Packed, address_text};
use super::six::Six;
use super::{Closing, Fact};
use crate::event::Kind;

/// Stands for no row, and no place.
pub(super) const NONE: u32 = u32::MAX;

/// A channel of a client. Most fit: a short or hexadecimal id, no origin, one
/// IPv4 address for all facts. For others `id` or `ip` names a place beside.
#[derive(Clone, Debug)]
#[repr(align(64))]
pub(super) struct ChannelRow {
    id: [u8; 16],
    /// By kind.
    times: [Six; 3],
    /// As [`Channel::closed_at`](super::Channel::closed_at), or [`Six::NONE`].
    closed_at: Six,
    ip: Six,
    /// Of the id, or [`LONG`].
    length: u8,
    flags: u8,
    /// Its client's row.
    pub client: u32,
    /// The client's channel that came before it.
    pub before: u32,
    /// Where it is among the client's channels that are not closed.
    pub open_before: u32,
    pub open_next: u32,
}

const LONG: u8 = u8::MAX;

/// Bit of a filled slot, by kind; that of a fact with the address is three up.
const FILLED: u8 = 1;
const WITH_IP: u8 = 1 << 3;
const OPEN: u8 = 1 << 6;
const WIDE: u8 = 1 << 7;

/// A fact that fits: its time and address, without origin.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Small {
    time: Six,
    ip: Option<Six>,
}

impl Small {
    /// `ip` as packed, if the event had one.
    pub fn new(time: u64, ip: Option<u64>) -> Option<Small> {
        let time = Six::new(time)?;
        let ip = match ip {
            Some(ip) => Some(Six::new(ip)?),
            None => None,
        };
        Some(Small { time, ip })
    }

    /// Facts are ordered by the text of an address.
    fn order(self, other: Small) -> Ordering {
        let text = |ip: Six| address_text(ip.get());
        let times = self.time.get().cmp(&other.time.get());
        times.then_with(|| match self.ip == other.ip {
            true => Ordering::Equal,
            false => self.ip.map(text).cmp(&other.ip.map(text)),
        })
    }
}

/// What became of a fact.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// It stays.
    Taken,
    /// The one before it stays.
    Refused,
    /// It would stay, but does not fit.
    NoRoom,
}

impl ChannelRow {
    pub fn new(id: Packed, client: u32, before: u32) -> ChannelRow {
        ChannelRow {
            id: id.bytes,
            times: [Six::NONE; 3],
            closed_at: Six::NONE,
            ip: Six::NONE,
            length: id.length,
            flags: 0,
            client,
            before,
            open_before: NONE,
            open_next: NONE,
        }
    }

    /// One whose id lies at this place.
    pub fn long(place: u32, client: u32, before: u32) -> ChannelRow {
        let (length, bytes) = (LONG, [0; 16]);
        let mut row = ChannelRow::new(Packed { length, bytes }, client, before);
        row.set_long(place);
        row
    }

    pub fn set_long(&mut self, place: u32) {
        self.id[..4].copy_from_slice(&place.to_le_bytes());
    }

    /// The id, or where it lies.
    pub fn id(&self) -> Result<Packed, u32> {
        if self.length != LONG {
            return Ok(Packed {
                length: self.length,
                bytes: self.id,
            });
        }
        let [a, b, c, d, ..] = self.id;
        Err(u32::from_le_bytes([a, b, c, d]))
    }

    /// Where its facts lie, if they are not here.
    pub fn wide(&self) -> Option<u32> {
        self.has(WIDE).then(|| self.ip.get() as u32)
    }

    pub fn set_wide(&mut self, place: u32) {
        self.flags |= WIDE;
        self.ip = Six::place(place);
    }

    /// Whether the kept fact is smaller by its time alone.
    pub fn refuses(&self, kind: Kind, time: u64) -> bool {
        self.time(kind).is_some_and(|kept| kept < time)
    }

    /// Whether it is chained among the client's channels that are not closed.
    pub fn open(&self) -> bool {
        self.has(OPEN)
    }

    pub fn set_open(&mut self, open: bool) {
        self.flags = self.flags & !OPEN | if open { OPEN } else { 0 };
    }

    /// As [`Channel`](super::Channel)'s own: the smaller fact stays.
    pub fn join(&mut self, kind: Kind, fact: Small) -> Joined {
        if self
            .small(kind)
            .is_some_and(|kept| kept.order(fact).is_le())
        {
            return Joined::Refused;
        }
        let with_ip = WITH_IP << kind as u8;
        let others = self.flags & (WITH_IP * 7) & !with_ip;
        match fact.ip {
            None => self.flags &= !with_ip,
            Some(ip) if others == 0 || self.ip == ip => {
                self.ip = ip;
                self.flags |= with_ip;
            }
            Some(_) => return Joined::NoRoom,
        }
        self.times[kind as usize] = fact.time;
        self.fill(kind);
        Joined::Taken
    }

    /// Notes that there is a fact of this kind.
    pub fn fill(&mut self, kind: Kind) {
        self.flags |= FILLED << kind as u8;
    }

    fn small(&self, kind: Kind) -> Option<Small> {
        self.is_filled(kind).then(|| Small {
            time: self.times[kind as usize],
            ip: self.has(WITH_IP << kind as u8).then_some(self.ip),
        })
    }

    /// The fact of this kind, where it is here.
    pub fn fact(&self, kind: Kind) -> Option<Fact> {
        self.small(kind).map(|small| Fact {
            time: small.time.get(),
            client_ip: small.ip.map(|ip| address_text(ip.get())),
            origin: String::new(),
        })
    }

    /// Its time, where it is here.
    pub fn time(&self, kind: Kind) -> Option<u64> {
        self.small(kind).map(|small| small.time.get())
    }

    /// When its closing was applied last, where that is here.
    pub fn closed_at(&self) -> Option<u64> {
        (self.closed_at != Six::NONE).then(|| self.closed_at.get())
    }

    /// Notes that a closing fact was applied at `now`; false where that does not fit.
    pub fn note_closing(&mut self, now: u64) -> bool {
        let Some(at) = Six::new(now) else {
            return false;
        };
        if self.closed_at() < Some(now) {
            self.closed_at = at;
        }
        true
    }

    pub fn is_filled(&self, kind: Kind) -> bool {
        self.has(FILLED << kind as u8)
    }

    /// Whether it has `connect` and is not closed.
    pub fn is_open(&self, closing: Closing) -> bool {
        self.is_filled(Kind::Connect) && !self.is_closed(closing)
    }

    pub fn is_closed(&self, closing: Closing) -> bool {
        self.is_filled(Kind::Tcpclean)
            || closing == Closing::Any && self.is_filled(Kind::Disconnect)
    }

    fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

const _: () = assert!(size_of::<ChannelRow>() == 64, "a row is one line");
