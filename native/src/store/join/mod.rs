//! Joins a batch into clients, the one way for all stores.
//!
//! [`stage`] works on copies, so a store can write the outcome first and make
//! it visible with [`Entry::merge`] only when the write has succeeded. A copy
//! holds just the channels that can matter: those that events of the batch
//! name, and those that may be live. Closed and orphan channels never change
//! an answer, so a client with thousands of them costs no more than another.

use std::collections::{BTreeMap, HashMap};

use foldhash::quality::RandomState;
use mqtt_presence_core::event::Event;
use mqtt_presence_core::presence::{
    Channel, Client, Closing, Last, Options, RECONCILED, Transition,
};

use super::{Batch, Numbered, Origin};

mod totals;

pub(super) use totals::{Counted, Totals, timeless};

/// A client as a store keeps it.
#[derive(Clone, Debug, Default)]
pub(super) struct Entry {
    pub client: Client,
    /// Id of its newest transition, 0 when there is none: the head of the
    /// chain that history walks.
    pub newest: u64,
}

/// A client as it was before a batch, as far as joining asks.
pub(super) trait Before {
    fn newest(&self) -> u64;
    fn last(&self) -> Option<Last>;
    /// The channels that may be live: copies, or themselves where the outcome
    /// of the batch brings them back.
    fn live(&mut self) -> BTreeMap<String, Box<Channel>>;
    /// Another channel, in the same way.
    fn other(&mut self, id: &str) -> Option<Box<Channel>>;
    /// The newest connect among the channels that `part` leaves out.
    fn newest_elsewhere(&self, part: &Client) -> Option<(u64, String)>;
}

impl Before for &Entry {
    fn newest(&self) -> u64 {
        self.newest
    }

    fn last(&self) -> Option<Last> {
        self.client.last
    }

    fn live(&mut self) -> BTreeMap<String, Box<Channel>> {
        let channels = self.client.channels.iter();
        let live = channels.filter(|(_, channel)| may_be_live(channel));
        live.map(|(id, channel)| (id.clone(), channel.clone()))
            .collect()
    }

    fn other(&mut self, id: &str) -> Option<Box<Channel>> {
        self.client.channels.get(id).cloned()
    }

    fn newest_elsewhere(&self, part: &Client) -> Option<(u64, String)> {
        let left_out = self.client.channels.iter();
        let newest = left_out
            .filter(|(id, _)| !part.channels.contains_key(*id))
            .filter_map(|(id, channel)| Some((channel.connect.as_ref()?.time, id)))
            .max();
        let forgotten = self.client.newest_forgotten.as_ref();
        newest
            .max(forgotten.map(|(time, id)| (*time, id)))
            .map(|(time, id)| (time, id.clone()))
    }
}

/// A client while its batch is under way.
#[derive(Debug, Default)]
pub(super) struct Staged {
    pub part: Client,
    pub newest: u64,
    /// Position of its first event in the batch.
    pub first: usize,
    /// No store has seen it before.
    pub fresh: bool,
    pub changed: bool,
}

/// A flip and the id of the flip of the same client before it.
#[derive(Clone, Debug)]
pub(super) struct Flip {
    pub numbered: Numbered,
    pub previous: u64,
}

/// What a batch does.
#[derive(Debug)]
pub(super) struct Stage<'b> {
    /// In the order of their first events.
    pub clients: Vec<(&'b str, Staged)>,
    pub flips: Vec<Flip>,
    /// Position in the batch of each event that changed something, and the
    /// id of its transition or 0.
    pub changes: Vec<(usize, u64)>,
    /// The totals after the batch.
    pub totals: Totals,
}

/// Applies the events of `batch`; `known` looks a client up as it was before,
/// told the position of its first event and its id. The second answer is what
/// it brought, in the order of the clients.
pub(super) fn stage<'b, B: Before>(
    batch: &'b Batch,
    totals: &Totals,
    options: &Options,
    mut known: impl FnMut(usize, &str) -> Option<B>,
) -> (Stage<'b>, Vec<Option<B>>) {
    let most = batch.events.len();
    // A table of places alone stays in the processor's caches.
    let mut places: HashMap<&str, usize, _> =
        HashMap::with_capacity_and_hasher(most, RandomState::default());
    let mut before = Vec::with_capacity(most);
    let mut clients = Vec::with_capacity(most);
    let mut flips = Vec::new();
    let mut changes = Vec::new();
    let mut totals = totals.clone();
    let timeless = timeless(options);
    for (position, (event, origin)) in batch.events.iter().enumerate() {
        let place = *places.entry(&event.client_id).or_insert_with_key(|id| {
            let mut entry = known(position, id);
            let staged = begin(entry.as_mut(), options);
            before.push(entry);
            clients.push((
                *id,
                Staged {
                    first: position,
                    ..staged
                },
            ));
            clients.len() - 1
        });
        let (_, staged) = &mut clients[place];
        // An event names its channel for the first time: take the channel along.
        if let Some(entry) = &mut before[place]
            && !staged.part.channels.contains_key(&event.channel_id)
            && let Some(channel) = entry.other(&event.channel_id)
        {
            let id = event.channel_id.clone();
            staged.part.channels.insert(id, channel);
            staged.part.newest_forgotten = newest_elsewhere(entry, &staged.part, options);
        }
        let counted_before = Counted::of(&staged.part, &timeless);
        let label = origin.label();
        let applied = staged.part.apply(event, &label, batch.now, options);
        if !applied.changed {
            continue;
        }
        if staged.fresh && !staged.changed {
            totals.clients += 1;
        }
        staged.changed = true;
        totals.change(counted_before, Counted::of(&staged.part, &timeless));
        let mut id = 0;
        if let Some(online) = applied.flipped {
            totals.last_transition += 1;
            id = totals.last_transition;
            flips.push(Flip {
                previous: std::mem::replace(&mut staged.newest, id),
                numbered: Numbered {
                    id,
                    transition: Transition {
                        synthetic: label == RECONCILED,
                        ..flip(event, online, batch.now, origin)
                    },
                },
            });
        }
        changes.push((position, id));
    }
    let stage = Stage {
        clients,
        flips,
        changes,
        totals,
    };
    (stage, before)
}

/// The flip, with where its event came from.
fn flip(event: &Event, online: bool, now: u64, origin: &Origin) -> Transition {
    let mut flip = Transition::new(event, online, now, origin.message_id.as_deref());
    flip.cause.topic.clone_from(&origin.topic);
    flip.cause.queue = origin.queue;
    flip.cause.offset = origin.offset;
    flip
}

fn begin(before: Option<&mut impl Before>, options: &Options) -> Staged {
    let Some(entry) = before else {
        return Staged {
            fresh: true,
            ..Staged::default()
        };
    };
    let mut part = Client {
        channels: entry.live(),
        newest_forgotten: None,
        last: entry.last(),
    };
    part.newest_forgotten = newest_elsewhere(entry, &part, options);
    Staged {
        part,
        newest: entry.newest(),
        ..Staged::default()
    }
}

/// When the first of its ended channels was closed: nothing can be forgotten
/// before that and the retention.
pub(super) fn closed_at(client: &Client, closing: Closing) -> Option<u64> {
    let ended = client.channels.values().filter(|c| !c.is_open(closing));
    ended.filter_map(|channel| channel.closed_at).min()
}

/// True for every channel that some options call live, superseded or suspect.
pub(super) fn may_be_live(channel: &Channel) -> bool {
    channel.connect.is_some() && channel.tcpclean.is_none()
}

/// The newest connect among the channels that the copy leaves out, which
/// only `takeover` asks for. To the copy they are as good as forgotten.
fn newest_elsewhere(
    entry: &impl Before,
    part: &Client,
    options: &Options,
) -> Option<(u64, String)> {
    options.takeover.then(|| entry.newest_elsewhere(part))?
}

impl Entry {
    /// Makes the outcome of a batch visible.
    pub fn merge(&mut self, staged: Staged) {
        let Client {
            channels,
            newest_forgotten: _,
            last,
        } = staged.part;
        self.client.channels.extend(channels);
        self.client.last = last;
        self.newest = staged.newest;
    }
}
