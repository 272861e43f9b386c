//! Forgetting, and giving back what that leaves.

use super::Options;
use super::channels::Wanted;
use super::row::NONE;
use super::table::{Table, channel_hash};
use crate::by_hash::ByHash;

impl Table {
    /// As [`Client::forget`](super::Client::forget), of all clients.
    pub fn forget(&mut self, now: u64, options: &Options) -> usize {
        let mut gone = 0;
        for client in 0..self.clients.len() as u32 {
            gone += self.forget_of(client, now, options);
        }
        if self.channels.is_sparse() {
            self.pack();
        }
        gone
    }

    fn forget_of(&mut self, client: u32, now: u64, options: &Options) -> usize {
        let mut gone = Vec::new();
        let (mut head, mut tail) = (NONE, NONE);
        let mut next = self.clients[client].last;
        while next != NONE {
            let channel = next;
            next = self.channels.row(channel).before;
            if self.channels.is_over(channel, now, options) {
                gone.push(channel);
                continue;
            }
            match tail {
                NONE => head = channel,
                _ => self.channels.row_mut(tail).before = channel,
            }
            tail = channel;
        }
        if gone.is_empty() {
            return 0;
        }
        if tail != NONE {
            self.channels.row_mut(tail).before = NONE;
        }
        for channel in &gone {
            if let Some((time, id)) = self.connected(*channel)
                && self.forgotten(client) < Some((time, &id))
            {
                self.set_forgotten(client, time, &id);
            }
            self.remove(*channel);
        }
        if self.clients[client].last != head {
            self.make_last(client, head);
        }
        if gone.contains(&self.newest_here(client)) {
            self.derive_newest(client);
        }
        gone.len()
    }

    /// Makes another channel the last of its client.
    fn make_last(&mut self, client: u32, channel: u32) {
        let of = &mut self.clients[client];
        of.last = channel;
        if channel == NONE {
            return;
        }
        of.last_hash = channel_hash(client, &Wanted::new(&self.channels.id(channel)));
        self.by_channel.remove(of.last_hash, channel);
    }

    /// Moves the channels together, so that the memory of those that went is
    /// free for others.
    fn pack(&mut self) {
        let mut from = std::mem::take(&mut self.channels);
        self.by_channel = ByHash::default();
        for client in 0..self.clients.len() as u32 {
            let newest = self.newest_here(client);
            let chain: Vec<u32> = std::iter::successors(Some(self.clients[client].last), |at| {
                (*at != NONE).then(|| from.row(*at).before)
            })
            .take_while(|at| *at != NONE)
            .collect();
            self.clients[client].open = NONE;
            let mut before = NONE;
            for (left, channel) in chain.into_iter().enumerate().rev() {
                let is_newest = channel == newest;
                let is_open = from.row(channel).open();
                let moved = self.channels.adopt(&mut from, channel, before);
                before = moved;
                if is_open {
                    self.open(client, moved);
                }
                if is_newest {
                    self.set_newest(client, moved);
                }
                if left == 0 {
                    self.clients[client].last = moved;
                } else {
                    let id = self.channels.id(moved);
                    let hash = channel_hash(client, &Wanted::new(&id));
                    self.by_channel.insert(hash, moved);
                }
            }
        }
    }
}
