//! Events that come together.
//!
//! Each waits for memory some four times, one after the other: for its place in
//! a table, its client, and its client's last channel or the places where
//! another channel is looked for. Many events can wait at once, so each step is
//! first taken for all of a batch, and then the rule is applied to rows that
//! are at hand.

use std::hint::black_box;

use super::Options;
use super::channels::Wanted;
use super::row::NONE;
use super::table::{Table, channel_hash, client_hash};
use crate::event::Plain;

/// Events of one batch: about what a core can wait for at once, or a bit more.
const BATCH: usize = 32;

/// What is known of an event before the rule is applied.
#[derive(Clone, Copy)]
struct Ahead<'a> {
    client_hash: u32,
    /// The client's row, or `NONE`. Nearly always it is; to know costs the
    /// wait that comes next.
    client: u32,
    channel: Wanted<'a>,
    /// Of the channel, if `client` is right.
    channel_hash: u32,
}

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
            let mut ahead = [const { Ahead::NONE }; BATCH];
            let ahead = &mut ahead[..events.len()];
            for (ahead, event) in ahead.iter_mut().zip(events) {
                ahead.client_hash = client_hash(event.client_id);
                ahead.channel = Wanted::new(event.channel_id);
            }
            self.look_ahead(ahead);
            for (ahead, event) in ahead.iter().zip(events) {
                let client = self.client_row(ahead.client_hash, event.client_id);
                let hash = match client == ahead.client {
                    true => ahead.channel_hash,
                    false => channel_hash(client, &ahead.channel),
                };
                let channel = self.channel_row(client, hash, &ahead.channel);
                if let Some(online) = self.join((client, channel), event, origin, now, options) {
                    flipped(event, online);
                }
            }
        }
    }

    /// Reads what the rule will. The loops that read decide nothing by what
    /// they read: a core that guesses wrong waits, and asks for no more.
    fn look_ahead(&self, ahead: &mut [Ahead<'_>]) {
        let mut seen = 0;
        for ahead in ahead.iter() {
            seen ^= self.by_client.touch(ahead.client_hash);
        }
        let mut last = [(NONE, 0); BATCH];
        for (ahead, last) in ahead.iter_mut().zip(&mut last) {
            if let Some(client) = self.by_client.find(ahead.client_hash, |_| true) {
                ahead.client = client;
                let row = &self.clients[client];
                *last = (row.last, row.last_hash);
            }
        }
        let (mut rows, mut hashes) = ([0; BATCH], [0; 2 * BATCH]);
        let (mut same, mut others) = (0, 0);
        for (ahead, (last, last_hash)) in ahead.iter_mut().zip(last) {
            ahead.channel_hash = channel_hash(ahead.client, &ahead.channel);
            let is_last = last != NONE && last_hash == ahead.channel_hash;
            rows[same] = last;
            // Where the channel is looked for, and where the last one will be put.
            hashes[others] = ahead.channel_hash;
            hashes[others + 1] = last_hash;
            same += usize::from(is_last);
            others += 2 * usize::from(!is_last);
        }
        for row in &rows[..same] {
            seen ^= u64::from(self.channels.row(*row).open());
        }
        for hash in &hashes[..others] {
            seen ^= self.by_channel.touch(*hash);
        }
        // The loads must not be left out.
        black_box(seen);
    }
}

impl Ahead<'_> {
    const NONE: Self = Ahead {
        client_hash: 0,
        client: NONE,
        channel: Wanted {
            text: "",
            packed: None,
        },
        channel_hash: 0,
    };
}
