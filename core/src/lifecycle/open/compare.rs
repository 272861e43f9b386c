//! What is open, beside the broker's own list.
//!
//! A list speaks for the moment at which it was asked for. What came or went
//! since then goes before it.

use super::super::Format;
use super::super::listed::Listed;
use super::super::page::Connection;
use super::watch::Watch;
use super::{Channel, Client, Open, event};
use crate::event::{Event, Kind};

const LACKED: &str = "synthetic: the broker's list lacks it";
const LISTED: &str = "synthetic: the broker's list has it";

/// What a list changed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciled {
    /// The events that make it so.
    pub events: Vec<Event>,
    /// How many channels were closed.
    pub closed: usize,
    /// How many were opened.
    pub opened: usize,
    /// Clients that came or went meanwhile, of which only a later list can tell.
    pub doubtful: usize,
}

impl Open {
    /// From now on it is noted who comes and goes, until [`Open::reconcile`].
    pub(in super::super) fn watch(&mut self) {
        self.watch = Some(Watch::default());
    }

    /// Closes what the list lacks and opens what it has. `asked` is the time at
    /// which it was asked for, in milliseconds since 1970.
    pub(in super::super) fn reconcile(
        &mut self,
        format: Format,
        listed: Listed,
        asked: u64,
    ) -> Reconciled {
        let mut comparing = Comparing {
            format,
            asked,
            watch: self.watch.take().unwrap_or_default(),
            so_far: Reconciled::default(),
        };
        let mut listed = listed.into_connections();
        let mut changed = Vec::new();
        for (id, client) in &mut self.clients {
            if comparing.client(id, client, listed.remove(id)) {
                changed.push(id.clone());
            }
        }
        for (id, connection) in listed {
            let mut client = Client::default();
            if comparing.client(&id, &mut client, Some(connection)) {
                changed.push(id.clone());
                self.clients.insert(id, client);
            }
        }
        if let Some(noted) = &mut self.changed {
            noted.extend(changed);
        }
        comparing.so_far
    }
}

struct Comparing {
    format: Format,
    asked: u64,
    watch: Watch,
    so_far: Reconciled,
}

impl Comparing {
    /// Whether anything of the client has changed.
    fn client(&mut self, id: &str, client: &mut Client, listed: Option<Connection>) -> bool {
        let before = self.so_far.events.len();
        let began = self.watch.began(id);
        let mut doubt = began && !client.older.is_empty();
        if !began {
            let name = listed.as_ref().and_then(|listed| listed.channel.as_ref());
            let (kept, gone) = std::mem::take(&mut client.older)
                .into_iter()
                .partition(|older| Some(&older.id) == name);
            client.older = kept;
            for older in gone {
                self.close(id, client, older);
            }
        }
        if let Some(open) = &client.open {
            let same = |listed: &Connection| {
                // Without a name, the client's one connection is meant.
                listed.channel.as_ref().is_none_or(|name| *name == open.id)
            };
            let newer = |listed: &Connection| listed.time.is_some_and(|time| time > open.since);
            match &listed {
                Some(listed) if same(listed) => return self.so_far.events.len() > before,
                Some(listed) if newer(listed) => {}
                _ if began || open.since >= self.asked => {
                    self.so_far.doubtful += usize::from(began);
                    return self.so_far.events.len() > before;
                }
                _ => {}
            }
            if let Some(open) = client.open.take() {
                self.close(id, client, open);
            }
        }
        if let Some(listed) = listed {
            doubt |= self.open(id, client, listed);
        }
        self.so_far.doubtful += usize::from(doubt);
        self.so_far.events.len() > before
    }

    fn close(&mut self, id: &str, client: &mut Client, channel: Channel) {
        let time = self.asked.max(channel.since);
        self.so_far.events.push(event(
            self.format,
            id,
            &channel,
            Kind::Tcpclean,
            time,
            None,
            Some(LACKED),
        ));
        self.so_far.closed += 1;
        client.ended(channel, Kind::Tcpclean, time);
        client.inferred = true;
    }

    /// Whether it is left closed in doubt.
    fn open(&mut self, id: &str, client: &mut Client, listed: Connection) -> bool {
        let closed = client.closed.as_ref().map(|(closed, ..)| &closed.id);
        if listed.channel.is_some() && closed == listed.channel.as_ref() {
            return false;
        }
        if let Some(ended) = self.watch.ended(id) {
            let this = listed
                .channel
                .as_ref()
                .is_some_and(|name| ended.named.contains(name));
            if this || ended.unnamed || listed.channel.is_none() {
                return !this;
            }
        }
        let time = listed.time.unwrap_or(self.asked);
        let guessed = listed.channel.is_none();
        let channel = Channel {
            guessed,
            ..Channel::begun(id, listed.channel, time, listed.address)
        };
        self.so_far.events.push(event(
            self.format,
            id,
            &channel,
            Kind::Connect,
            time,
            None,
            Some(LISTED),
        ));
        self.so_far.opened += 1;
        client.open = Some(channel);
        false
    }
}
