//! One client's part of a recording, as the anomalies look at it.

use super::Options;
use super::columns::Columns;
use super::index::Index;
use super::joined::{Joined, Slots};
use crate::event::Kind;
use crate::presence::Closing;

/// A client's events and what they join to.
pub(super) struct Scene<'a> {
    pub columns: &'a Columns,
    pub options: &'a Options,
    /// In arrival order.
    pub events: &'a [u32],
    /// Channels of which something is known, in byte order of their ids.
    pub channels: Vec<Facts>,
}

/// What is known of one channel.
#[derive(Clone, Copy, Debug)]
pub(super) struct Facts {
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
            .map(|channel| Facts::new(columns, options, joined.slots(*channel)))
            .filter(|facts| !facts.slots.is_empty())
            .collect();
        Scene {
            columns,
            options,
            events,
            channels,
        }
    }

    /// Event time of an event.
    pub fn time(&self, event: u32) -> u64 {
        self.columns.time(event)
    }
}

impl Facts {
    fn new(columns: &Columns, options: &Options, slots: Slots) -> Facts {
        let closing = [Kind::Disconnect, Kind::Tcpclean]
            .into_iter()
            .filter(|kind| options.rule.closing.closes(*kind))
            .filter_map(|kind| slots.get(kind))
            .min_by_key(|event| (columns.time(*event), *event));
        Facts { slots, closing }
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
