//! All channels: rows, and beside them what does not fit into one.

use std::borrow::Cow;

use super::packed::{Packed, address};
use super::row::{ChannelRow, Joined, NONE, Small};
use super::rows::Rows;
use super::side::Side;
use super::wide::Wide;
use super::{Channel, ChannelState, Options};
use crate::event::Kind;

const KINDS: [Kind; 3] = [Kind::Connect, Kind::Disconnect, Kind::Tcpclean];

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Channels {
    rows: Rows<ChannelRow>,
    /// Rows of channels that were forgotten.
    free: Vec<u32>,
    /// Ids that do not fit.
    texts: Side<Box<str>>,
    /// Facts that do not fit.
    wides: Side<Wide>,
}

/// A channel id that is looked for: packed, if that can be.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wanted<'a> {
    pub text: &'a str,
    pub packed: Option<Packed>,
}

impl<'a> Wanted<'a> {
    pub fn new(text: &'a str) -> Wanted<'a> {
        Wanted {
            text,
            packed: Packed::new(text),
        }
    }
}

impl Channels {
    pub fn row(&self, channel: u32) -> &ChannelRow {
        &self.rows[channel]
    }

    pub fn row_mut(&mut self, channel: u32) -> &mut ChannelRow {
        &mut self.rows[channel]
    }

    /// Adds a channel; returns its row.
    pub fn add(&mut self, id: Wanted<'_>, client: u32, before: u32) -> u32 {
        let row = match id.packed {
            Some(packed) => ChannelRow::new(packed, client, before),
            None => ChannelRow::long(self.texts.add(id.text.into()), client, before),
        };
        self.place(row)
    }

    fn place(&mut self, row: ChannelRow) -> u32 {
        match self.free.pop() {
            Some(free) => {
                self.rows[free] = row;
                free
            }
            None => self.rows.push(row),
        }
    }

    /// Takes a channel away.
    pub fn remove(&mut self, channel: u32) {
        let row = self.rows[channel].clone();
        self.rows[channel].client = NONE;
        if let Err(place) = row.id() {
            self.texts.take(place);
        }
        if let Some(place) = row.wide() {
            self.wides.take(place);
        }
        self.free.push(channel);
    }

    /// Whether more than half of the rows, and not just a few, are of no channel.
    pub fn is_sparse(&self) -> bool {
        self.free.len() > 1024 && self.free.len() > self.rows.len() / 2
    }

    /// Takes a channel over from where it is left; returns its row here.
    pub fn adopt(&mut self, from: &mut Channels, channel: u32, before: u32) -> u32 {
        let mut row = from.rows[channel].clone();
        if let Err(place) = row.id() {
            let text = from.texts.take(place).unwrap_or_default();
            row.set_long(self.texts.add(text));
        }
        if let Some(place) = row.wide() {
            let wide = from.wides.take(place).unwrap_or_default();
            row.set_wide(self.wides.add(wide));
        }
        row.before = before;
        self.place(row)
    }

    pub fn id(&self, channel: u32) -> Cow<'_, str> {
        match self.rows[channel].id() {
            Ok(packed) => Cow::Owned(packed.unpack()),
            Err(place) => Cow::Borrowed(self.texts.get(place).map_or("", |text| text)),
        }
    }

    pub fn is(&self, channel: u32, wanted: &Wanted<'_>) -> bool {
        match (self.rows[channel].id(), wanted.packed) {
            (Ok(id), Some(packed)) => id == packed,
            (Err(place), None) => self.texts.get(place).is_some_and(|id| **id == *wanted.text),
            _ => false,
        }
    }

    /// As [`Channel`]'s own: the smaller fact stays; true when this one was taken.
    pub fn join(
        &mut self,
        channel: u32,
        kind: Kind,
        time: u64,
        ip: Option<&str>,
        origin: &str,
    ) -> bool {
        let row = &mut self.rows[channel];
        let is_wide = row.wide().is_some();
        if !is_wide && row.refuses(kind, time) {
            return false;
        }
        if !is_wide && let Some(fact) = small(time, ip, origin) {
            match row.join(kind, fact) {
                Joined::Taken => return true,
                Joined::Refused => return false,
                Joined::NoRoom => {}
            }
        }
        let taken = self.widen(channel).join(kind, time, ip, origin);
        self.rows[channel].fill(kind);
        taken
    }

    /// Notes that a closing fact was applied at `now`.
    pub fn note_closing(&mut self, channel: u32, now: u64) {
        let row = &mut self.rows[channel];
        if row.wide().is_none() && row.note_closing(now) {
            return;
        }
        let wide = self.widen(channel);
        wide.closed_at = wide.closed_at.max(Some(now));
    }

    /// Notes that a list of this time had the channel.
    pub fn confirm(&mut self, channel: u32, as_of: u64) {
        let wide = self.widen(channel);
        wide.confirmed = wide.confirmed.max(Some(as_of));
    }

    /// The facts of a channel, where they lie beside its row.
    fn widen(&mut self, channel: u32) -> &mut Wide {
        let row = &mut self.rows[channel];
        let place = row.wide().unwrap_or_else(|| {
            let mut wide = Wide::default();
            wide.closed_at = row.closed_at();
            for kind in KINDS {
                if let Some(fact) = row.fact(kind) {
                    wide.join(kind, fact.time, fact.client_ip.as_deref(), "");
                }
            }
            let place = self.wides.add(wide);
            row.set_wide(place);
            place
        });
        self.wides
            .get_mut(place)
            .expect("the place of a wide row is filled")
    }

    fn wide(&self, channel: u32) -> Option<&Wide> {
        self.wides.get(self.rows[channel].wide()?)
    }

    fn closed_at(&self, channel: u32) -> Option<u64> {
        match self.wide(channel) {
            Some(wide) => wide.closed_at,
            None => self.rows[channel].closed_at(),
        }
    }

    /// The time of its connect.
    pub fn connected(&self, channel: u32) -> Option<u64> {
        match self.wide(channel) {
            Some(wide) => wide.time(Kind::Connect),
            None => self.rows[channel].time(Kind::Connect),
        }
    }

    /// Whether retention no longer keeps it.
    pub fn is_over(&self, channel: u32, now: u64, options: &Options) -> bool {
        let over = |at: u64| now.saturating_sub(at) > options.retention;
        self.closed_at(channel).is_some_and(over) && !self.rows[channel].is_open(options.closing)
    }

    /// As [`Channel::state`].
    pub fn state(
        &self,
        channel: u32,
        newest: Option<(u64, &str)>,
        options: &Options,
        now: u64,
    ) -> ChannelState {
        let closed = self.rows[channel].is_closed(options.closing);
        let id = match options.takeover {
            true => self.id(channel),
            false => Cow::Borrowed(""),
        };
        let confirmed = self.wide(channel).and_then(|wide| wide.confirmed);
        let connected = self.connected(channel);
        ChannelState::of(connected, confirmed, closed, &id, newest, options, now)
    }

    /// The record of a channel.
    pub fn record(&self, channel: u32) -> Channel {
        let fact = |kind| match self.wide(channel) {
            Some(wide) => wide.fact(kind),
            None => self.rows[channel].fact(kind),
        };
        Channel {
            connect: fact(Kind::Connect),
            disconnect: fact(Kind::Disconnect),
            tcpclean: fact(Kind::Tcpclean),
            closed_at: self.closed_at(channel),
            confirmed: self.wide(channel).and_then(|wide| wide.confirmed),
        }
    }

    /// Takes the facts of a record.
    pub fn fill(&mut self, channel: u32, record: &Channel) {
        for kind in KINDS {
            if let Some(fact) = record.slot(kind) {
                let ip = fact.client_ip.as_deref();
                self.join(channel, kind, fact.time, ip, &fact.origin);
            }
        }
        if let Some(at) = record.closed_at {
            self.note_closing(channel, at);
        }
        if let Some(at) = record.confirmed {
            self.confirm(channel, at);
        }
    }
}

/// The fact, if it fits into a row.
fn small(time: u64, ip: Option<&str>, origin: &str) -> Option<Small> {
    if !origin.is_empty() {
        return None;
    }
    match ip {
        None => Small::new(time, None),
        Some(ip) => Small::new(time, Some(address(ip)?)),
    }
}
