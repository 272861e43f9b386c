//! All clients and their channels side by side, found by hash.
//!
//! Two devices that share a client id throw each other out once a second, for
//! days; each event must not cost a walk over the hundreds of thousands of
//! closed channels that retention keeps. So the channels that are not closed
//! and the newest connect are kept beside each client, derived from its
//! channels, and any channel is found at once. A [`Client`] is put together
//! only for those who look at one.

use std::hash::{BuildHasher, Hasher};
use std::sync::OnceLock;

use foldhash::fast::FixedState;

use super::channels::{Channels, Wanted};
use super::client_rows::ClientRows;
use super::column::Column;
use super::row::NONE;
use super::{Client, Counts, Last, Options, RECONCILED, Status};
use crate::by_hash::ByHash;
use crate::event::{Kind, Plain};

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub clients: ClientRows,
    pub channels: Channels,
    pub by_client: ByHash,
    /// Of each client all channels but the one that came last.
    pub by_channel: ByHash,
    /// Of each client the newest connect of those that are here; filled under
    /// `takeover`, which alone asks for it.
    newest: Column,
    /// Of each client a place in [`Table::connects`].
    forgotten: Column,
    /// Time and channel of clients' newest connects that were forgotten.
    connects: Vec<(u64, Box<str>)>,
    /// The clients in byte order, until another one comes.
    order: OnceLock<Vec<u32>>,
}

impl Table {
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    pub fn find(&self, id: &str) -> Option<u32> {
        self.find_hashed(client_hash(id), id)
    }

    pub fn find_hashed(&self, hash: u32, id: &str) -> Option<u32> {
        self.by_client
            .find(hash, |client| self.clients.is(client, id))
    }

    pub fn id(&self, client: u32) -> &str {
        self.clients.id(client)
    }

    /// The clients in byte order of their ids.
    pub fn order(&self) -> &[u32] {
        self.order.get_or_init(|| {
            let mut order: Vec<u32> = (0..self.clients.len() as u32).collect();
            order.sort_unstable_by_key(|client| self.id(*client));
            order
        })
    }

    /// As [`Client::apply`]; returns the flip.
    pub fn apply(
        &mut self,
        event: &Plain<'_>,
        origin: &str,
        now: u64,
        options: &Options,
    ) -> Option<bool> {
        let id = event.client_id;
        let client = self.client_row(client_hash(id), id);
        let id = Wanted::new(event.channel_id);
        let channel = self.channel_row(client, channel_hash(client, &id), &id);
        self.join((client, channel), event, origin, now, options)
    }

    /// Joins an event into its channel's row; returns the flip.
    pub fn join(
        &mut self,
        (client, channel): (u32, u32),
        event: &Plain<'_>,
        origin: &str,
        now: u64,
        options: &Options,
    ) -> Option<bool> {
        let (kind, time) = (event.kind, event.time);
        let channels = &mut self.channels;
        let taken = channels.join(channel, kind, time, event.client_ip, origin);
        if kind != Kind::Connect {
            channels.note_closing(channel, now);
        } else if origin == RECONCILED {
            channels.confirm(channel, time);
        }
        if taken {
            self.touched(client, channel, kind, options);
        }
        let status = self.status(client, options, now);
        let online = status.flip(self.clients[client].online())?;
        let last = Last {
            online,
            time,
            observed_at: now,
        };
        self.clients.set_last_flip(client, Some(last));
        Some(online)
    }

    /// As [`Client::status`].
    pub fn status(&self, client: u32, options: &Options, now: u64) -> Status {
        let row = &self.clients[client];
        if row.open == NONE {
            return Status::Offline;
        }
        if !options.takeover && options.lease.is_none() {
            return Status::Online;
        }
        let newest = self.newest(client);
        let newest = newest.as_ref().map(|(time, id)| (*time, id.as_str()));
        let open = std::iter::successors(some(row.open), |channel| {
            some(self.channels.row(*channel).open_next)
        });
        Status::of(open.map(|channel| self.channels.state(channel, newest, options, now)))
    }

    /// As [`Client::counts`].
    pub fn counts(&self, client: u32, options: &Options, now: u64) -> Counts {
        let row = &self.clients[client];
        let newest = self.newest(client);
        let newest = newest.as_ref().map(|(time, id)| (*time, id.as_str()));
        let mut counts = Counts::default();
        for channel in self.chain(row.last) {
            counts.add(self.channels.state(channel, newest, options, now));
        }
        counts
    }

    /// Time and channel of the newest connect, under `takeover`.
    fn newest(&self, client: u32) -> Option<(u64, String)> {
        let kept = some(self.newest_here(client)).and_then(|channel| self.connected(channel));
        let forgotten = self.forgotten(client);
        kept.max(forgotten.map(|(time, id)| (time, id.to_owned())))
    }

    /// The channel of the newest connect that is here, or `NONE`.
    pub fn newest_here(&self, client: u32) -> u32 {
        self.newest.get(client)
    }

    pub fn set_newest(&mut self, client: u32, channel: u32) {
        self.newest.set(client, channel);
    }

    /// Time and channel of a channel's connect.
    pub fn connected(&self, channel: u32) -> Option<(u64, String)> {
        let time = self.channels.connected(channel)?;
        Some((time, self.channels.id(channel).into_owned()))
    }

    /// Time and channel of the newest connect that was forgotten.
    pub fn forgotten(&self, client: u32) -> Option<(u64, &str)> {
        let place = some(self.forgotten.get(client))?;
        let (time, id) = self.connects.get(place as usize)?;
        Some((*time, id))
    }

    pub fn set_forgotten(&mut self, client: u32, time: u64, id: &str) {
        let place = self.forgotten.get(client);
        if let Some(known) = self.connects.get_mut(place as usize) {
            *known = (time, id.into());
        } else {
            self.forgotten.set(client, self.connects.len() as u32);
            self.connects.push((time, id.into()));
        }
    }

    /// As [`Client::since`].
    pub fn since(&self, client: u32) -> Option<u64> {
        self.clients.last_flip(client).map(|last| last.time)
    }

    /// The record of a client.
    pub fn client(&self, client: u32) -> Client {
        let channels = self.chain(self.clients[client].last).map(|channel| {
            let id = self.channels.id(channel).into_owned();
            (id, Box::new(self.channels.record(channel)))
        });
        let forgotten = self.forgotten(client);
        Client {
            channels: channels.collect(),
            newest_forgotten: forgotten.map(|(time, id)| (time, id.to_owned())),
            last: self.clients.last_flip(client),
        }
    }

    /// Puts a record in the place of what is known of a client.
    pub fn put(&mut self, id: &str, record: Client, options: &Options) {
        let client = self.client_row(client_hash(id), id);
        let gone: Vec<u32> = self.chain(self.clients[client].last).collect();
        for channel in gone {
            self.remove(channel);
        }
        let row = &mut self.clients[client];
        row.last = NONE;
        row.open = NONE;
        self.clients.set_last_flip(client, record.last);
        // What was forgotten stays so: a record that is put holds at least that.
        if let Some((time, id)) = record.newest_forgotten {
            self.set_forgotten(client, time, &id);
        } else {
            self.forgotten.set(client, NONE);
        }
        self.set_newest(client, NONE);
        for (id, record) in &record.channels {
            let id = Wanted::new(id);
            let channel = self.channel_row(client, channel_hash(client, &id), &id);
            self.channels.fill(channel, record);
            self.touched(client, channel, Kind::Connect, options);
        }
    }

    /// What is derived, after a slot of this channel has changed.
    fn touched(&mut self, client: u32, channel: u32, kind: Kind, options: &Options) {
        let row = self.channels.row(channel);
        match (row.is_open(options.closing), row.open()) {
            (true, false) => self.open(client, channel),
            (false, true) => self.close(client, channel),
            _ => {}
        }
        if !options.takeover || kind != Kind::Connect {
            return;
        }
        let newest = self.newest_here(client);
        if newest == channel {
            // An earlier connect of the newest channel: another may be the newest now.
            self.derive_newest(client);
        } else {
            let known = some(newest).and_then(|newest| self.connected(newest));
            if known < self.connected(channel) {
                self.set_newest(client, channel);
            }
        }
    }

    /// Puts a channel among those that are not closed.
    pub fn open(&mut self, client: u32, channel: u32) {
        let of = &mut self.clients[client];
        let next = std::mem::replace(&mut of.open, channel);
        if next != NONE {
            self.channels.row_mut(next).open_before = channel;
        }
        let row = self.channels.row_mut(channel);
        row.set_open(true);
        row.open_before = NONE;
        row.open_next = next;
    }

    /// Takes a channel from among them.
    fn close(&mut self, client: u32, channel: u32) {
        let row = self.channels.row_mut(channel);
        row.set_open(false);
        let (before, next) = (row.open_before, row.open_next);
        match before {
            NONE => self.clients[client].open = next,
            _ => self.channels.row_mut(before).open_next = next,
        }
        if next != NONE {
            self.channels.row_mut(next).open_before = before;
        }
    }

    pub fn derive_newest(&mut self, client: u32) {
        let newest = self
            .chain(self.clients[client].last)
            .filter(|channel| self.channels.connected(*channel).is_some())
            .max_by_key(|channel| self.connected(*channel));
        self.set_newest(client, newest.unwrap_or(NONE));
    }

    /// A client's channels, the last to come first.
    pub fn chain(&self, last: u32) -> impl Iterator<Item = u32> + '_ {
        std::iter::successors(some(last), |channel| {
            some(self.channels.row(*channel).before)
        })
    }

    /// The row of a client, a new one if it was never seen.
    pub fn client_row(&mut self, hash: u32, id: &str) -> u32 {
        if let Some(row) = self.find_hashed(hash, id) {
            return row;
        }
        let row = self.clients.add(id);
        self.by_client.insert(hash, row);
        self.order.take();
        row
    }

    /// The row of a client's channel, a new one if it is not here.
    pub fn channel_row(&mut self, client: u32, hash: u32, id: &Wanted<'_>) -> u32 {
        let channels = &mut self.channels;
        // Most events are of the client's last channel. Where the hash is
        // another, a row is left alone that is long out of the cache.
        let of = &mut self.clients[client];
        let last = of.last;
        if last != NONE && of.last_hash == hash && channels.is(last, id) {
            return last;
        }
        let found = self.by_channel.find(hash, |channel| {
            channels.row(channel).client == client && channels.is(channel, id)
        });
        if let Some(channel) = found {
            return channel;
        }
        let row = channels.add(*id, client, last);
        of.last = row;
        let last_hash = std::mem::replace(&mut of.last_hash, hash);
        if last != NONE {
            self.by_channel.insert(last_hash, last);
        }
        row
    }

    /// Takes a channel out of all but its client's row.
    pub fn remove(&mut self, channel: u32) {
        let client = self.channels.row(channel).client;
        // The last one is in no table.
        if self.clients[client].last != channel {
            let hash = channel_hash(client, &Wanted::new(&self.channels.id(channel)));
            self.by_channel.remove(hash, channel);
        }
        self.channels.remove(channel);
    }
}

pub(super) fn some(row: u32) -> Option<u32> {
    (row != NONE).then_some(row)
}

pub(super) fn client_hash(id: &str) -> u32 {
    // The same on every run: nothing here may differ from one to the next.
    let mut hasher = FixedState::with_seed(0).build_hasher();
    hasher.write(id.as_bytes());
    hasher.finish() as u32
}

pub(super) fn channel_hash(client: u32, id: &Wanted<'_>) -> u32 {
    let mut hasher = FixedState::with_seed(1).build_hasher();
    hasher.write_u32(client);
    match id.packed {
        Some(packed) => {
            for word in packed.words() {
                hasher.write_u64(word);
            }
        }
        None => hasher.write(id.text.as_bytes()),
    }
    hasher.finish() as u32
}
