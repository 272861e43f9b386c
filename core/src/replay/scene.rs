//! One client's part of a recording, as the anomalies look at it.

use std::borrow::Cow;
use std::cell::OnceCell;

use super::Options;
use super::columns::Columns;
use super::index::Index;
use super::joined::{Joined, Slots};
use super::places::by_key;
use crate::event::Kind;
use crate::presence::Closing;

/// A client's events and what they join to.
pub(super) struct Scene<'a> {
    pub columns: &'a Columns,
    pub options: &'a Options,
    /// In arrival order.
    pub events: Cow<'a, [u32]>,
    /// Channels of which something is known. Of two that connected at one
    /// time the one with the smaller id stands first, so that their places
    /// stand for their ids.
    pub channels: Vec<Facts>,
    /// Channel and number of the events: sorted, so by channel in arrival order.
    pub arrivals: Vec<(u32, u32)>,
    flips: OnceCell<Vec<(u64, u32)>>,
}

/// What is known of one channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
    pub channel: u32,
    pub slots: Slots,
    /// The earlier of the closing facts that count.
    pub closing: Option<u32>,
}

impl Facts {
    pub fn connect(&self) -> Option<u32> {
        self.slots.get(Kind::Connect)
    }
}

impl<'a> Scene<'a> {
    /// The client's part of the events below `end`, joined in `joined`.
    pub fn new(
        columns: &'a Columns,
        index: &'a Index,
        options: &'a Options,
        joined: &Joined,
        client: u32,
        end: u32,
    ) -> Scene<'a> {
        let events = index.events(client);
        let events = &events[..events.partition_point(|event| *event < end)];
        let channels = index
            .channels(client)
            .iter()
            .map(|channel| Facts::new(columns, options, *channel, joined.slots(*channel)))
            .filter(|facts| !facts.slots.is_empty())
            .collect();
        Scene {
            columns,
            options,
            events: Cow::Borrowed(events),
            channels,
            arrivals: arrivals(columns, events),
            flips: OnceCell::new(),
        }
    }

    /// When the answer flipped on the line of what was so, and by which event.
    pub fn flips(&self) -> &[(u64, u32)] {
        self.flips.get_or_init(|| super::actual::transitions(self))
    }

    /// The same without an index over all clients.
    pub fn alone(columns: &'a Columns, options: &'a Options, client: u32, end: u32) -> Scene<'a> {
        let mut events = columns.events_of(client);
        events.truncate(events.partition_point(|event| *event < end));
        let arrivals = arrivals(columns, &events);
        let mut channels: Vec<Facts> = arrivals
            .chunk_by(|a, b| a.0 == b.0)
            .map(|of_channel| {
                let mut slots = Slots::EMPTY;
                for (_, event) in of_channel {
                    slots.join(columns, *event);
                }
                Facts::new(columns, options, of_channel[0].0, slots)
            })
            .collect();
        // With takeover by id: before all events are in, connects may be of one time that are not in the end.
        let order = match options.rule.takeover {
            true => Order::ById,
            false => Order::ByConnect,
        };
        order.sort(columns, &mut channels);
        Scene {
            columns,
            options,
            events: Cow::Owned(events),
            channels,
            arrivals,
            flips: OnceCell::new(),
        }
    }

    /// Event time of an event.
    pub fn time(&self, event: u32) -> u64 {
        self.columns.time(event)
    }

    /// The channels by connect time, those without one first, equal times by id.
    pub fn by_connect(&self) -> impl DoubleEndedIterator<Item = &Facts> {
        // Of channels with one time those with the smaller id come first in either order.
        let connects = self.channels.iter().map(Facts::connect);
        let times = connects.map(|event| event.map_or(0, |event| self.time(event)));
        by_key(times).map(|place| &self.channels[place])
    }
}

/// How channels may stand.
#[derive(Clone, Copy)]
pub(super) enum Order {
    ById,
    /// By connect time, then id.
    ByConnect,
}

impl Order {
    // Out of line: each place that sorts would hold a sort of its own, and WebAssembly is fetched.
    #[inline(never)]
    pub fn sort(self, columns: &Columns, channels: &mut [Facts]) {
        let connect = |facts: &Facts| match self {
            Order::ById => None,
            Order::ByConnect => facts.connect().map(|event| columns.time(event)),
        };
        channels.sort_unstable_by(|a, b| {
            connect(a)
                .cmp(&connect(b))
                .then_with(|| columns.channels.compare(a.channel, b.channel))
        });
    }
}

fn arrivals(columns: &Columns, events: &[u32]) -> Vec<(u32, u32)> {
    let mut arrivals: Vec<(u32, u32)> = events
        .iter()
        .map(|event| (columns.channel(*event), *event))
        .collect();
    arrivals.sort_unstable();
    arrivals
}

impl Facts {
    fn new(columns: &Columns, options: &Options, channel: u32, slots: Slots) -> Facts {
        let closing = [Kind::Disconnect, Kind::Tcpclean]
            .into_iter()
            .filter(|kind| options.rule.closing.closes(*kind))
            .filter_map(|kind| slots.get(kind))
            .min_by_key(|event| (columns.time(*event), *event));
        Facts {
            channel,
            slots,
            closing,
        }
    }
}

impl Closing {
    /// Whether a fact of this kind closes a channel.
    pub(in crate::replay) fn closes(self, kind: Kind) -> bool {
        match kind {
            Kind::Connect => false,
            Kind::Disconnect => self == Closing::Any,
            Kind::Tcpclean => true,
        }
    }
}
