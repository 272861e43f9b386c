//! A client in memory, with what saves walking over all its channels.

use std::collections::BTreeSet;

use super::{Client, Options, Status};
use crate::event::Event;

/// Two devices that share a client id throw each other out once a second, for
/// days; each event must not cost a walk over the hundreds of thousands of
/// closed channels that retention keeps. So the channels that are not closed
/// and the newest connect are kept beside the record, derived from it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Entry {
    client: Client,
    open: BTreeSet<String>,
    /// Of the channels that are here; only `takeover` asks for it.
    newest: Option<(u64, String)>,
}

impl Entry {
    pub fn new(client: Client, options: &Options) -> Entry {
        let mut entry = Entry {
            client,
            ..Entry::default()
        };
        entry.derive(options);
        entry
    }

    pub fn client(&self) -> &Client {
        &self.client
    }

    /// As [`Client::apply`]; returns the flip.
    pub fn apply(
        &mut self,
        event: &Event,
        origin: &str,
        now: u64,
        options: &Options,
    ) -> Option<bool> {
        if self.client.join(event, origin, now) {
            self.touched(&event.channel_id, options);
        }
        self.client
            .settle(self.status(options, now), event.time, now)
    }

    /// As [`Client::status`].
    pub fn status(&self, options: &Options, now: u64) -> Status {
        let newest = self
            .newest
            .as_ref()
            .max(self.client.newest_forgotten.as_ref());
        let newest = newest.map(|(time, id)| (*time, id.as_str()));
        Status::of(self.open.iter().map(|id| {
            let channel = &self.client.channels[id];
            channel.state(id, newest, options, now)
        }))
    }

    /// As [`Client::forget`].
    pub fn forget(&mut self, now: u64, options: &Options) -> usize {
        let gone = self.client.forget(now, options);
        if gone > 0 {
            self.derive(options);
        }
        gone
    }

    /// Changes the record in any way, and derives the rest anew.
    pub fn change<T>(&mut self, options: &Options, change: impl FnOnce(&mut Client) -> T) -> T {
        let outcome = change(&mut self.client);
        self.derive(options);
        outcome
    }

    fn derive(&mut self, options: &Options) {
        self.open = self
            .client
            .channels
            .iter()
            .filter(|(_, channel)| channel.is_open(options.closing))
            .map(|(id, _)| id.clone())
            .collect();
        self.newest = owned(self.client.newest_kept().filter(|_| options.takeover));
    }

    fn touched(&mut self, id: &str, options: &Options) {
        let channel = &self.client.channels[id];
        if !channel.is_open(options.closing) {
            self.open.remove(id);
        } else if !self.open.contains(id) {
            self.open.insert(id.to_owned());
        }
        let Some(connect) = channel.connect.as_ref().filter(|_| options.takeover) else {
            return;
        };
        let connect = Some((connect.time, id));
        let newest = self.newest.as_ref().map(|(time, id)| (*time, id.as_str()));
        if newest < connect {
            self.newest = owned(connect);
        } else if newest > connect && newest.is_some_and(|(_, newest)| newest == id) {
            // An earlier connect of the newest channel: another may be the newest now.
            self.newest = owned(self.client.newest_kept());
        }
    }
}

fn owned(connect: Option<(u64, &str)>) -> Option<(u64, String)> {
    connect.map(|(time, id)| (time, id.to_owned()))
}
