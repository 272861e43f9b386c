//! All clients in memory.

use std::collections::BTreeMap;
use std::ops::Bound;

use super::entry::Entry;
use super::{Applied, Cause, Client, Counts, Explain, Options, Status, Transition};
use crate::event::Event;

/// The state of all clients, in memory. Feed it events with
/// [`apply`](Presence::apply), each with the caller's clock, and ask it about
/// clients; it never reads a clock itself and iterates in byte order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Presence {
    options: Options,
    clients: BTreeMap<String, Entry>,
}

/// What [`Presence::stats`] counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct PresenceStats {
    /// Clients ever seen.
    pub clients: u64,
    /// Those that read online.
    pub online: u64,
    /// Those that read suspect.
    pub suspect: u64,
    /// Channels by state.
    pub channels: Counts,
}

impl Presence {
    /// No clients yet.
    pub fn new(options: Options) -> Self {
        Presence {
            options,
            clients: BTreeMap::new(),
        }
    }

    /// How the rule is applied here.
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Applies an event and returns the flip it caused, if any. `origin` goes
    /// into the fact; `message_id` is the event's RocketMQ message, for the
    /// cause of the flip, when it came from one. `now` is the caller's clock
    /// in milliseconds.
    pub fn apply(
        &mut self,
        event: &Event,
        origin: &str,
        message_id: Option<&str>,
        now: u64,
    ) -> Option<Transition> {
        let entry = match self.clients.get_mut(&event.client_id) {
            Some(entry) => entry,
            None => self.clients.entry(event.client_id.clone()).or_default(),
        };
        let online = entry.apply(event, origin, now, &self.options)?;
        Some(Transition::new(event, online, now, message_id))
    }

    /// What is known of a client, `None` if it was never seen.
    pub fn client(&self, client_id: &str) -> Option<&Client> {
        self.clients.get(client_id).map(Entry::client)
    }

    /// The answer for a client at `now`, `Unknown` if it was never seen.
    pub fn status(&self, client_id: &str, now: u64) -> Status {
        self.clients
            .get(client_id)
            .map_or(Status::Unknown, |entry| entry.status(&self.options, now))
    }

    /// Why a client's answer is what it is.
    pub fn explain(&self, client_id: &str, now: u64) -> Explain {
        Explain::new(client_id, self.client(client_id), &self.options, now)
    }

    /// All clients in byte order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Client)> {
        self.clients
            .iter()
            .map(|(id, entry)| (id.as_str(), entry.client()))
    }

    /// The clients whose id begins with `prefix`, in byte order, and of those
    /// only the ones after the id `after`: for pages that stay stable while
    /// clients come.
    pub fn page<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = (&'a str, &'a Client)> {
        let start = match after {
            Some(after) if after >= prefix => Bound::Excluded(after),
            _ => Bound::Included(prefix),
        };
        self.clients
            .range::<str, _>((start, Bound::Unbounded))
            .take_while(move |(id, _)| id.starts_with(prefix))
            .map(|(id, entry)| (id.as_str(), entry.client()))
    }

    /// Clients and channels, counted at `now`.
    pub fn stats(&self, now: u64) -> PresenceStats {
        let mut stats = PresenceStats {
            clients: self.clients.len() as u64,
            ..PresenceStats::default()
        };
        for entry in self.clients.values() {
            match entry.status(&self.options, now) {
                Status::Online => stats.online += 1,
                Status::Suspect => stats.suspect += 1,
                Status::Offline | Status::Unknown => {}
            }
            stats.channels += entry.client().counts(&self.options, now);
        }
        stats
    }

    /// Drops the channels that [`Client::forget`] drops and returns how many
    /// went. Clients stay, with their last state.
    pub fn forget(&mut self, now: u64) -> usize {
        let options = &self.options;
        self.clients
            .values_mut()
            .map(|entry| entry.forget(now, options))
            .sum()
    }

    /// Joins another instance's state into this one, client by client as
    /// [`Client::merge`] says, and returns the flips in byte order of the
    /// client ids. The options stay those of `self`.
    pub fn merge(&mut self, other: &Presence, now: u64) -> Vec<Transition> {
        let mut transitions = Vec::new();
        let options = &self.options;
        for (id, theirs) in &other.clients {
            let ours = self.clients.entry(id.clone()).or_default();
            let cause = ours.change(options, |client| {
                let Applied { flipped, .. } = client.merge(theirs.client(), now, options);
                let online = flipped?;
                Some((online, client.deciding(online, options, now)?))
            });
            if let Some((online, cause)) = cause {
                transitions.push(Transition {
                    client_id: id.clone(),
                    online,
                    time: cause.time,
                    observed_at: now,
                    cause: Cause {
                        channel_id: cause.channel_id,
                        event_type: cause.kind,
                        message_id: None,
                    },
                });
            }
        }
        transitions
    }

    /// The state of these clients, each once.
    pub(super) fn of(clients: BTreeMap<String, Client>, options: Options) -> Presence {
        let clients = clients
            .into_iter()
            .map(|(id, client)| (id, Entry::new(client, &options)))
            .collect();
        Presence { options, clients }
    }
}
