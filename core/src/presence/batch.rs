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
const BATCH: usize = 32;

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
            // The first that may be it: nearly always it is, and to know costs
            // the wait that comes next.
            let mut rows = [NONE; BATCH];
            for (row, hash) in rows.iter_mut().zip(&hashes[..events.len()]) {
                if let Some(found) = self.by_client.find(spread(*hash), |_| true) {
                    *row = *found;
                }
            }
            for row in &mut rows {
                if *row != NONE {
                    *row = self.clients[*row].last;
                }
            }
            let mut seen = 0;
            for last in rows {
                if last != NONE {
                    seen ^= u32::from(self.channels.row(last).open());
                }
            }
            // The loads must not be left out.
            black_box(seen);
            for (hash, event) in hashes.iter().zip(events) {
                let client = self.client_row(*hash, event.client_id);
                let id = Wanted::new(event.channel_id);
                let channel = self.channel_row(client, channel_hash(client, &id), &id);
                if let Some(online) = self.join((client, channel), event, origin, now, options) {
                    flipped(event, online);
                }
            }
        }
    }
}
