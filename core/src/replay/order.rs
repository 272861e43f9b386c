//! Clients in the order that a person wants to see them.

use std::cmp::Ordering;

use super::places::by_key;
use super::survey::Tally;
use super::{AnomalyKind, Replay};
use crate::presence::Status;

/// What comes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sort {
    /// Most anomalies that can mislead, then most of the rest.
    Anomalies,
    /// Most flips of what was so.
    Flaps,
    /// Byte order of the ids.
    Name,
}

/// Which clients are wanted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ClientFilter {
    /// A part of the client's id or of one of its channels' ids.
    pub text: String,
    /// Only clients with an anomaly of one of these kinds; empty: all.
    pub anomalies: Vec<AnomalyKind>,
    /// Only clients that are believed so in the end.
    pub status: Option<Status>,
}

impl Replay {
    /// Numbers of the clients that pass the filter, in this order; clients
    /// that read alike stand in byte order of their ids.
    pub fn order(&mut self, sort: Sort, filter: &ClientFilter) -> Vec<u32> {
        self.sort_names();
        let wanted = (!filter.text.is_empty()).then(|| self.search(&filter.text));
        let kinds = filter
            .anomalies
            .iter()
            .fold(0, |bits, kind| bits | kind.bit());
        let passes = |client: &u32| {
            let tally = self.tally(*client);
            let online = match filter.status {
                None => true,
                Some(status) => tally.online == (status == Status::Online),
            };
            let searched = wanted
                .as_ref()
                .is_none_or(|wanted| wanted[*client as usize]);
            searched && online && (kinds == 0 || tally.kinds & kinds != 0)
        };
        let mut clients: Vec<u32> = self.by_name.iter().copied().filter(passes).collect();
        match sort {
            Sort::Name => {}
            Sort::Flaps => most_first(&mut clients, |client| self.tally(client).flips.into()),
            Sort::Anomalies => most_first(&mut clients, |client| {
                let tally = self.tally(client);
                u64::from(tally.misleading) << 32 | u64::from(tally.anomalies)
            }),
        }
        clients
    }

    /// The number of the client with this id.
    pub fn find(&self, client_id: &str) -> Option<u32> {
        self.columns.clients.find(0, client_id)
    }

    /// A client's id; empty for a number that no client has.
    pub fn name(&self, client: u32) -> &str {
        let known = (client as usize) < self.columns.clients.len();
        if known {
            self.columns.clients.text(client)
        } else {
            ""
        }
    }

    fn tally(&self, client: u32) -> Tally {
        let survey = self.surveyed();
        let tally = survey.and_then(|survey| survey.tallies.get(client as usize));
        tally.copied().unwrap_or_default()
    }

    pub(super) fn sort_names(&mut self) {
        let clients = &self.columns.clients;
        if self.by_name.len() != clients.len() {
            let old = std::mem::take(&mut self.by_name);
            let mut new: Vec<u32> = (old.len() as u32..clients.len() as u32).collect();
            clients.sort(&mut new);
            let (mut old, mut new) = (old.into_iter().peekable(), new.into_iter().peekable());
            while let (Some(a), Some(b)) = (old.peek(), new.peek()) {
                let first = match clients.compare(*a, *b) {
                    Ordering::Greater => new.next(),
                    _ => old.next(),
                };
                self.by_name.extend(first);
            }
            self.by_name.extend(old.chain(new));
        }
    }

    /// By client, whether the text is a part of its id or of a channel's.
    fn search(&self, text: &str) -> Vec<bool> {
        let (clients, channels) = (&self.columns.clients, &self.columns.channels);
        let mut found = vec![false; clients.len()];
        let mut left = found.len();
        let mut tell = |client: u32| {
            left -= usize::from(!found[client as usize]);
            found[client as usize] = true;
            left > 0
        };
        if clients.search(text, &mut tell) {
            channels.search(text, |channel| tell(channels.scope(channel)));
        }
        found
    }
}

/// By what is counted of each, and in the order that they have where that is equal.
fn most_first(clients: &mut [u32], count: impl Fn(u32) -> u64) {
    let before = clients.to_vec();
    let places = by_key(before.iter().map(|client| u64::MAX - count(*client)));
    for (client, place) in clients.iter_mut().zip(places) {
        *client = before[place];
    }
}
