//! All clients in memory.

use super::table::Table;
use super::{Applied, Cause, Client, Counts, Explain, Options, RECONCILED, Status, Transition};
use crate::event::{Event, Plain};

/// The state of all clients, in memory. Feed it events with
/// [`apply`](Presence::apply), each with the caller's clock, and ask it about
/// clients; it never reads a clock itself and iterates in byte order.
///
/// Records are put together from a smaller form when they are asked for. The
/// first walk in byte order after a new client has come sorts the clients.
///
/// ```
/// use mqtt_presence_core::event::{Event, Kind};
/// use mqtt_presence_core::presence::{Options, Presence, Status};
///
/// let event = |channel_id: &str, kind, time| Event {
///     client_id: "a".into(),
///     channel_id: channel_id.into(),
///     kind,
///     time,
///     client_ip: None,
///     extra: None,
/// };
/// let (mut east, mut west) = (Presence::new(Options::default()), Presence::default());
/// east.apply(&event("c1", Kind::Connect, 1_000), "", None, 10);
/// west.apply(&event("c1", Kind::Tcpclean, 2_000), "", None, 20);
/// assert_eq!(east.status("a", 30), Status::Online);
///
/// // Two instances come to the same answer, and so does a restart.
/// let flips = east.merge(&west, 30);
/// assert_eq!(flips[0].time, 2_000);
/// let restarted = Presence::restore(&east.snapshot(), Options::default()).unwrap();
/// assert_eq!(restarted.status("a", 40), Status::Offline);
///
/// // Ended channels are forgotten a week after their end was applied.
/// let week = 7 * 24 * 60 * 60 * 1_000;
/// assert_eq!(east.forget(20 + week), 0);
/// assert_eq!(east.forget(21 + week), 1);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Presence {
    options: Options,
    table: Table,
}

/// Equal options, and equal records of the same clients.
impl PartialEq for Presence {
    fn eq(&self, other: &Presence) -> bool {
        self.options == other.options && self.iter().eq(other.iter())
    }
}

impl Eq for Presence {}

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
            table: Table::default(),
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
        let online = self.apply_plain(&event.into(), origin, now)?;
        Some(Transition {
            synthetic: origin == RECONCILED,
            ..Transition::new(event, online, now, message_id)
        })
    }

    /// As [`apply`](Presence::apply), of an event whose texts are borrowed;
    /// returns the new answer, if it flipped.
    pub fn apply_plain(&mut self, event: &Plain<'_>, origin: &str, now: u64) -> Option<bool> {
        self.table.apply(event, origin, now, &self.options)
    }

    /// As [`apply_plain`](Presence::apply_plain), of each event in order, and
    /// faster than one by one; tells `flipped` of each flip with the new answer.
    pub fn apply_all<'a>(
        &mut self,
        events: &[Plain<'a>],
        origin: &str,
        now: u64,
        flipped: impl FnMut(&Plain<'a>, bool),
    ) {
        self.table
            .apply_all(events, origin, now, &self.options, flipped);
    }

    /// What is known of a client, `None` if it was never seen.
    pub fn client(&self, client_id: &str) -> Option<Client> {
        let client = self.table.find(client_id)?;
        Some(self.table.client(client))
    }

    /// The answer for a client at `now`, `Unknown` if it was never seen.
    pub fn status(&self, client_id: &str, now: u64) -> Status {
        self.table
            .find(client_id)
            .map_or(Status::Unknown, |client| {
                self.table.status(client, &self.options, now)
            })
    }

    /// Why a client's answer is what it is.
    pub fn explain(&self, client_id: &str, now: u64) -> Explain {
        Explain::new(
            client_id,
            self.client(client_id).as_ref(),
            &self.options,
            now,
        )
    }

    /// All clients in byte order of their ids.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Client)> {
        let clients = self.table.order().iter();
        clients.map(|client| (self.table.id(*client), self.table.client(*client)))
    }

    /// The clients whose id begins with `prefix`, in byte order, and of those
    /// only the ones after the id `after`: for pages that stay stable while
    /// clients come.
    pub fn page<'a>(
        &'a self,
        prefix: &'a str,
        after: Option<&'a str>,
    ) -> impl Iterator<Item = ClientAnswer<'a>> {
        let order = self.table.order();
        let before = |client: &u32| {
            let id = self.table.id(*client);
            id < prefix || after.is_some_and(|after| id <= after)
        };
        let begin = order.partition_point(before);
        order[begin..]
            .iter()
            .map(|client| ClientAnswer {
                table: &self.table,
                options: &self.options,
                client: *client,
            })
            .take_while(move |client| client.id().starts_with(prefix))
    }

    /// Clients and channels, counted at `now`.
    pub fn stats(&self, now: u64) -> PresenceStats {
        let mut stats = PresenceStats {
            clients: self.table.len() as u64,
            ..PresenceStats::default()
        };
        for client in 0..self.table.len() as u32 {
            match self.table.status(client, &self.options, now) {
                Status::Online => stats.online += 1,
                Status::Suspect => stats.suspect += 1,
                Status::Offline | Status::Unknown => {}
            }
            stats.channels += self.table.counts(client, &self.options, now);
        }
        stats
    }

    /// Drops the channels that [`Client::forget`] drops and returns how many
    /// went. Clients stay, with their last state.
    pub fn forget(&mut self, now: u64) -> usize {
        self.table.forget(now, &self.options)
    }

    /// Joins another instance's state into this one, client by client as
    /// [`Client::merge`] says, and returns the flips in byte order of the
    /// client ids. The options stay those of `self`.
    pub fn merge(&mut self, other: &Presence, now: u64) -> Vec<Transition> {
        let mut transitions = Vec::new();
        let options = &self.options;
        for (id, theirs) in other.iter() {
            let known = self.table.find(id);
            let mut ours = known.map_or_else(Client::default, |client| self.table.client(client));
            let Applied { changed, flipped } = ours.merge(&theirs, now, options);
            let cause =
                flipped.and_then(|online| Some((online, ours.deciding(online, options, now)?)));
            if changed || known.is_none() {
                self.table.put(id, ours, options);
            }
            if let Some((online, cause)) = cause {
                transitions.push(Transition {
                    client_id: id.to_owned(),
                    online,
                    time: cause.time,
                    observed_at: now,
                    cause: Cause {
                        channel_id: cause.channel_id,
                        event_type: cause.kind,
                        message_id: None,
                        topic: None,
                        queue: None,
                        offset: None,
                    },
                    synthetic: cause.synthetic,
                });
            }
        }
        transitions
    }

    /// Takes a record for a client of which nothing is known; false if there
    /// is something.
    pub(super) fn insert(&mut self, id: &str, record: Client) -> bool {
        let is_new = self.table.find(id).is_none();
        if is_new {
            self.table.put(id, record, &self.options);
        }
        is_new
    }
}

/// A client of a page: its answer is at hand, its record on demand.
#[derive(Clone, Copy, Debug)]
pub struct ClientAnswer<'a> {
    table: &'a Table,
    options: &'a Options,
    client: u32,
}

impl<'a> ClientAnswer<'a> {
    /// Its id.
    pub fn id(&self) -> &'a str {
        self.table.id(self.client)
    }

    /// As [`Client::status`].
    pub fn status(&self, now: u64) -> Status {
        self.table.status(self.client, self.options, now)
    }

    /// As [`Client::since`].
    pub fn since(&self) -> Option<u64> {
        self.table.since(self.client)
    }

    /// All that is known of it.
    pub fn record(&self) -> Client {
        self.table.client(self.client)
    }
}
