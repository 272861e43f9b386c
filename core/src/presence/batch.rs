//! Events that come together.
//!
//! Each waits for memory some four times, one after the other: for its place in
//! a table, its client, its client's last channel. Many events can wait at once,
//! so each step is first taken for all of a batch, and then the rule is applied
//! to rows that are at hand.

use std::hint::black_box;

use super::Options;
use super::channels::Wanted;
use super::row::NONE;
use super::table::{Table, channel_hash, client_hash, spread};
use crate::event::Plain;

/// Events of one batch: about what a core can wait for at once, or a bit more.
const BATCH: usize = 16;

impl Table {
    /// As [`apply`](Table::apply), of each event in order; tells of the flips.
    pub fn apply_all<'a>(
        &mut self,
        events: &[Plain<'a>],
        origin: &str,
        now: u64,
        options: &Options,
        mut flipped: impl FnMut(&Plain<'a>, bool),
    ) {
        for events in events.chunks(BATCH) {
            let mut hashes = [0; BATCH];
            for (hash, event) in hashes.iter_mut().zip(events) {
                *hash = client_hash(event.client_id);
            }
            let mut seen = 0;
            for hash in &hashes[..events.len()] {
                let is_it = |row: &u32| self.clients[*row].hash == *hash;
                let found = self.by_client.find(spread(*hash), is_it);
                seen ^= found.map_or(0, |row| self.clients[*row].last);
            }
            let mut clients = [NONE; BATCH];
            let places = clients.iter_mut().zip(&hashes);
            for ((client, hash), event) in places.zip(events) {
                if let Some(row) = self.find_hashed(*hash, event.client_id) {
                    *client = row;
                    let last = self.clients[row].last;
                    if last != NONE {
                        seen ^= u32::from(self.channels.row(last).open());
                    }
                }
            }
            // The loads must not be left out.
            black_box(seen);
            let places = clients.iter().zip(&hashes);
            for ((client, hash), event) in places.zip(events) {
                let client = match *client {
                    NONE => self.client_row(*hash, event.client_id),
                    row => row,
                };
                let id = Wanted::new(event.channel_id);
                let channel = self.channel_row(client, channel_hash(client, &id), &id);
                if let Some(online) = self.join((client, channel), event, origin, now, options) {
                    flipped(event, online);
                }
            }
        }
    }
}
