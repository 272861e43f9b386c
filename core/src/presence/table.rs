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
use hashbrown::HashTable;

use super::id::Id;
use super::row::{ChannelRow, NONE};
use super::rows::Rows;
use super::{Channel, Client, Counts, Last, Options, Status};
use crate::event::{Kind, Plain};

/// See the module.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    clients: Rows<ClientRow>,
    channels: Rows<ChannelRow>,
    /// Rows of channels that were forgotten.
    free: Vec<u32>,
    by_client: HashTable<u32>,
    by_channel: HashTable<u32>,
    /// The clients in byte order, until another one comes.
    order: OnceLock<Vec<u32>>,
}

#[derive(Clone, Debug)]
struct ClientRow {
    id: Id,
    hash: u64,
    /// The channel that came last; each names the one before.
    chain: u32,
    /// The hash of the channel that came last, unless it was forgotten.
    chain_hash: u64,
    /// The first of those that are not closed; each names the next.
    open: u32,
    /// Of those that are here; only `takeover` asks for it.
    newest: Option<u32>,
    newest_forgotten: Option<Box<(u64, String)>>,
    last: Option<Last>,
}

impl Table {
    pub fn len(&self) -> usize {
        self.clients.len()
    }

    pub fn find(&self, id: &str) -> Option<u32> {
        let clients = &self.clients;
        self.by_client
            .find(hash(0, id), |row| clients[*row].id.is(id))
            .copied()
    }

    pub fn id(&self, client: u32) -> &str {
        self.clients[client].id.text()
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
        let client = self.client_row(event.client_id);
        let channel = self.channel_row(client, event.channel_id);
        let row = &mut self.channels[channel];
        let taken = row.join(event.kind, event.time, event.client_ip, origin);
        if event.kind != Kind::Connect {
            row.note_closing(now);
        }
        if taken {
            self.touched(client, channel, event.kind, options);
        }
        let status = self.status(client, options, now);
        let row = &mut self.clients[client];
        let online = flip(row.last, status)?;
        row.last = Some(Last {
            online,
            time: event.time,
            observed_at: now,
        });
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
        let newest = self.newest(row);
        let some = |channel: u32| (channel != NONE).then_some(channel);
        let open = std::iter::successors(some(row.open), |channel| {
            some(self.channels[*channel].open_next)
        });
        Status::of(open.map(|channel| {
            let channel = &self.channels[channel];
            channel.state(newest, options, now)
        }))
    }

    /// As [`Client::counts`].
    pub fn counts(&self, client: u32, options: &Options, now: u64) -> Counts {
        let row = &self.clients[client];
        let newest = self.newest(row);
        let mut counts = Counts::default();
        for channel in self.chain(row.chain) {
            counts.add(self.channels[channel].state(newest, options, now));
        }
        counts
    }

    /// Time and channel of the newest connect, under `takeover`.
    fn newest<'a>(&'a self, row: &'a ClientRow) -> Option<(u64, &'a str)> {
        let kept = row
            .newest
            .and_then(|channel| self.channels[channel].connected());
        kept.max(forgotten(row))
    }

    /// As [`Client::since`].
    pub fn since(&self, client: u32) -> Option<u64> {
        self.clients[client].last.map(|last| last.time)
    }

    /// The record of a client.
    pub fn client(&self, client: u32) -> Client {
        let row = &self.clients[client];
        let channels = self.chain(row.chain).map(|channel| {
            let channel = &self.channels[channel];
            (channel.id.text().to_owned(), Channel::from(channel))
        });
        Client {
            channels: channels.collect(),
            newest_forgotten: row.newest_forgotten.as_deref().cloned(),
            last: row.last,
        }
    }

    /// Puts a record in the place of what is known of a client.
    pub fn put(&mut self, id: &str, record: Client, options: &Options) {
        let client = self.client_row(id);
        let gone: Vec<u32> = self.chain(self.clients[client].chain).collect();
        for channel in gone {
            self.remove(channel);
        }
        let row = &mut self.clients[client];
        row.chain = NONE;
        row.open = NONE;
        row.newest = None;
        row.newest_forgotten = record.newest_forgotten.map(Box::new);
        row.last = record.last;
        for (id, channel) in record.channels {
            let number = self.channel_row(client, &id);
            self.channels[number].fill(channel);
            self.touched(client, number, Kind::Connect, options);
        }
    }

    /// As [`Client::forget`], of all clients.
    pub fn forget(&mut self, now: u64, options: &Options) -> usize {
        let mut gone = 0;
        for client in 0..self.clients.len() as u32 {
            let (mut head, mut tail) = (NONE, NONE);
            let mut newest_gone = false;
            let mut next = self.clients[client].chain;
            while next != NONE {
                let channel = next;
                let row = &self.channels[channel];
                next = row.before;
                if !row.is_over(now, options) {
                    match tail {
                        NONE => head = channel,
                        _ => self.channels[tail].before = channel,
                    }
                    tail = channel;
                    continue;
                }
                let of = &mut self.clients[client];
                newest_gone |= of.newest == Some(channel);
                if let Some((time, id)) = row.connected()
                    && forgotten(of) < Some((time, id))
                {
                    of.newest_forgotten = Some(Box::new((time, id.to_owned())));
                }
                self.remove(channel);
                gone += 1;
            }
            if tail != NONE {
                self.channels[tail].before = NONE;
            }
            let of = &mut self.clients[client];
            if of.chain != head {
                of.chain = head;
                of.chain_hash = 0;
            }
            if newest_gone {
                self.derive_newest(client);
            }
        }
        gone
    }

    /// What is derived, after a slot of this channel has changed.
    fn touched(&mut self, client: u32, channel: u32, kind: Kind, options: &Options) {
        let row = &self.channels[channel];
        match (row.is_open(options.closing), row.open) {
            (true, false) => self.open(client, channel),
            (false, true) => self.close(client, channel),
            _ => {}
        }
        if !options.takeover || kind != Kind::Connect {
            return;
        }
        let of = &mut self.clients[client];
        if of.newest == Some(channel) {
            // An earlier connect of the newest channel: another may be the newest now.
            self.derive_newest(client);
        } else {
            let newest = of.newest.map(|newest| &self.channels[newest]);
            let row = &self.channels[channel];
            if newest.and_then(ChannelRow::connected) < row.connected() {
                of.newest = Some(channel);
            }
        }
    }

    /// Puts a channel among those that are not closed.
    fn open(&mut self, client: u32, channel: u32) {
        let of = &mut self.clients[client];
        let next = std::mem::replace(&mut of.open, channel);
        if next != NONE {
            self.channels[next].open_before = channel;
        }
        let row = &mut self.channels[channel];
        row.open = true;
        row.open_before = NONE;
        row.open_next = next;
    }

    /// Takes a channel from among them.
    fn close(&mut self, client: u32, channel: u32) {
        let row = &mut self.channels[channel];
        row.open = false;
        let (before, next) = (row.open_before, row.open_next);
        match before {
            NONE => self.clients[client].open = next,
            _ => self.channels[before].open_next = next,
        }
        if next != NONE {
            self.channels[next].open_before = before;
        }
    }

    fn derive_newest(&mut self, client: u32) {
        let newest = self
            .chain(self.clients[client].chain)
            .filter(|channel| self.channels[*channel].connected().is_some())
            .max_by_key(|channel| self.channels[*channel].connected());
        self.clients[client].newest = newest;
    }

    /// A client's channels, the last to come first.
    fn chain(&self, last: u32) -> impl Iterator<Item = u32> + '_ {
        let some = |channel: u32| (channel != NONE).then_some(channel);
        std::iter::successors(some(last), move |channel| {
            some(self.channels[*channel].before)
        })
    }

    /// The row of a client, a new one if it was never seen.
    fn client_row(&mut self, id: &str) -> u32 {
        let hash = hash(0, id);
        let clients = &mut self.clients;
        let found = self.by_client.find(hash, |row| clients[*row].id.is(id));
        if let Some(row) = found {
            return *row;
        }
        let row = clients.push(ClientRow {
            id: Id::new(id),
            hash,
            chain: NONE,
            chain_hash: 0,
            open: NONE,
            newest: None,
            newest_forgotten: None,
            last: None,
        });
        self.by_client
            .insert_unique(hash, row, |row| clients[*row].hash);
        self.order.take();
        row
    }

    /// The row of a client's channel, a new one if it is not here.
    fn channel_row(&mut self, client: u32, id: &str) -> u32 {
        let channels = &mut self.channels;
        let hash = hash(client + 1, id);
        // Most events are of the client's last channel. Where the hash is
        // another, a row is left alone that is long out of the cache.
        let of = &self.clients[client];
        let last = of.chain;
        if last != NONE && of.chain_hash == hash && channels[last].id.is(id) {
            return last;
        }
        let found = self.by_channel.find(hash, |row| {
            let row = &channels[*row];
            row.client == client && row.id.is(id)
        });
        if let Some(row) = found {
            return *row;
        }
        let fresh = ChannelRow::new(id, hash, client, last);
        let row = match self.free.pop() {
            Some(row) => {
                channels[row] = fresh;
                row
            }
            None => channels.push(fresh),
        };
        self.by_channel
            .insert_unique(hash, row, |row| channels[*row].hash);
        let of = &mut self.clients[client];
        of.chain = row;
        of.chain_hash = hash;
        row
    }

    /// Takes a channel out of all but its client's row.
    fn remove(&mut self, channel: u32) {
        let hash = self.channels[channel].hash;
        if let Ok(entry) = self.by_channel.find_entry(hash, |row| *row == channel) {
            entry.remove();
        }
        self.channels[channel] = ChannelRow::new("", 0, NONE, NONE);
        self.free.push(channel);
    }
}

/// Time and channel of the newest connect that was forgotten.
fn forgotten(row: &ClientRow) -> Option<(u64, &str)> {
    let (time, id) = row.newest_forgotten.as_deref()?;
    Some((*time, id))
}

/// The answer that this status settles, if it is not the one of the last flip.
fn flip(last: Option<Last>, status: Status) -> Option<bool> {
    let record = Client {
        last,
        ..Client::default()
    };
    record.flip(status)
}

fn hash(scope: u32, text: &str) -> u64 {
    // The same on every run: nothing here may differ from one to the next.
    let mut hasher = FixedState::with_seed(0).build_hasher();
    hasher.write_u32(scope);
    hasher.write(text.as_bytes());
    hasher.finish()
}
