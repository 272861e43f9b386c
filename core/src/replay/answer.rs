//! From joined slots to the answers of the rule.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::columns::Columns;
use super::joined::{Joined, Slots};
use super::{Replay, View};
use crate::event::Kind;
use crate::presence::{self, Channel, ChannelState, Fact, Status};

/// What every client read in a view.
#[derive(Debug)]
pub struct Answers<'a> {
    replay: &'a Replay,
    /// By client number.
    statuses: Vec<Status>,
}

impl Answers<'_> {
    /// What a client read; `Unknown` before its first fact.
    pub fn of(&self, client_id: &str) -> Status {
        self.replay
            .columns
            .clients
            .find(0, client_id)
            .map_or(Status::Unknown, |client| self.statuses[client as usize])
    }

    /// Every client of the recording in byte order, with what it read.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Status)> {
        self.replay.index().clients.iter().map(|client| {
            let id = self.replay.columns.clients.text(*client);
            (id, self.statuses[*client as usize])
        })
    }

    /// How many clients were online.
    pub fn online(&self) -> usize {
        self.statuses
            .iter()
            .filter(|status| **status == Status::Online)
            .count()
    }
}

impl Replay {
    /// What every client read.
    pub(super) fn answers(&self, view: View) -> Answers<'_> {
        let joined = self.joined(view);
        let mut states = States::default();
        let statuses = (0..self.columns.clients.len() as u32)
            .map(|client| states.derive(self, self.joined_channels(client, &joined)))
            .collect();
        Answers {
            replay: self,
            statuses,
        }
    }

    /// A client's record, `None` before its first fact. Facts carry their file
    /// and record as origin; the last flip is left out.
    pub(super) fn client(&self, client_id: &str, view: View) -> Option<presence::Client> {
        let client = self.columns.clients.find(0, client_id)?;
        let slots = self.slots_of(client, view);
        let mut record = presence::Client::default();
        for (channel, slots) in slots {
            let fact = |kind| slots.get(kind).map(|event| self.fact(event));
            record.channels.insert(
                self.columns.channels.text(channel).to_owned(),
                Box::new(Channel {
                    connect: fact(Kind::Connect),
                    disconnect: fact(Kind::Disconnect),
                    tcpclean: fact(Kind::Tcpclean),
                    closed_at: None,
                    confirmed: None,
                }),
            );
        }
        (!record.channels.is_empty()).then_some(record)
    }

    /// The slots of a client's channels in a view, in byte order of their ids.
    pub(super) fn slots_of(&self, client: u32, view: View) -> Vec<(u32, Slots)> {
        let end = self.end(view);
        let mut slots = BTreeMap::<u32, Slots>::new();
        for event in self.columns.events_of(client) {
            if event < end && self.within(view, event) {
                let channel = self.columns.channel(event);
                let of_channel = slots.entry(channel).or_insert(Slots::EMPTY);
                of_channel.join(&self.columns, event);
            }
        }
        let mut channels: Vec<u32> = slots.keys().copied().collect();
        self.columns.channels.sort(&mut channels);
        let with_slots = |channel| (channel, slots[&channel]);
        channels.into_iter().map(with_slots).collect()
    }

    /// The client's channels in byte order of their ids, with their slots.
    pub(super) fn joined_channels<'a>(
        &'a self,
        client: u32,
        joined: &'a Joined,
    ) -> impl Iterator<Item = (u32, Slots)> + Clone + 'a {
        let channels = self.index().channels(client).iter();
        channels.map(|channel| (*channel, joined.slots(*channel)))
    }

    /// The slots of all channels in a view.
    pub(super) fn joined(&self, view: View) -> Joined {
        let events = (0..self.end(view)).filter(|event| self.within(view, *event));
        Joined::over(&self.columns, events)
    }

    /// The end of the events that a view covers in arrival order.
    pub(super) fn end(&self, view: View) -> u32 {
        match view {
            View::After(records) => self.columns.events_within(records),
            View::Whole | View::At(_) => self.columns.len(),
        }
    }

    fn within(&self, view: View, event: u32) -> bool {
        match view {
            View::At(time) => self.columns.time(event) <= time,
            View::Whole | View::After(_) => true,
        }
    }

    fn fact(&self, event: u32) -> Fact {
        let record = self.columns.record(event);
        Fact {
            time: self.columns.time(event),
            client_ip: self.columns.client_ip(event).map(Cow::into_owned),
            origin: match self.file(record) {
                Some(file) => format!("{file} record {record}"),
                None => format!("record {record}"),
            },
        }
    }
}

/// The states of one client's channels; kept from client to client to spare
/// allocations.
#[derive(Default)]
pub(super) struct States {
    /// Channels of which something is known, in byte order of their ids.
    pub channels: Vec<(u32, Slots, ChannelState)>,
}

impl States {
    /// Derives the states of a client's channels, and from them its answer.
    pub fn derive(
        &mut self,
        replay: &Replay,
        of_client: impl Iterator<Item = (u32, Slots)> + Clone,
    ) -> Status {
        let (columns, rule) = (&replay.columns, &replay.options.rule);
        let newest = of_client
            .clone()
            .filter_map(|(channel, slots)| {
                let connect = slots.get(Kind::Connect)?;
                Some((columns.time(connect), columns.channels.text(channel)))
            })
            .max();
        self.channels.clear();
        for (channel, slots) in of_client {
            if !slots.is_empty() {
                let id = columns.channels.text(channel);
                // Replay knows no lease, so no state hangs on the present.
                let state = times(columns, slots).state(id, newest, rule, 0);
                self.channels.push((channel, slots, state));
            }
        }
        if self.channels.is_empty() {
            Status::Unknown
        } else {
            Status::of(self.channels.iter().map(|(.., state)| *state))
        }
    }
}

/// The channel with its times alone, which are all that its state hangs on.
fn times(columns: &Columns, slots: Slots) -> Channel {
    let fact = |kind| {
        slots.get(kind).map(|event| Fact {
            time: columns.time(event),
            client_ip: None,
            origin: String::new(),
        })
    };
    Channel {
        connect: fact(Kind::Connect),
        disconnect: fact(Kind::Disconnect),
        tcpclean: fact(Kind::Tcpclean),
        closed_at: None,
        confirmed: None,
    }
}
