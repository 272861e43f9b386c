//! The events of a recording, one column a field: 41 bytes an event, beside
//! the strings, each of which is kept once.

use std::borrow::Cow;
use std::cmp::Ordering;

use super::Full;
use super::address::Address;
use super::column::Column;
use super::intern::Interner;
use super::lag::Lag;
use crate::event::{Kind, Place, Plain};

/// Stands for no event.
const NONE: u32 = u32::MAX;

/// A client's last event, and how many it has.
#[derive(Clone, Copy, Debug)]
struct Tail {
    last: u32,
    count: u32,
}

/// All accepted events, by their number in arrival order.
#[derive(Debug, Default)]
pub(super) struct Columns {
    channel: Column<u32>,
    kind: Column<u8>,
    time: Column<u64>,
    address: Column<Address>,
    /// Of the events that have ignored fields: event and text, by event.
    extra: Vec<(u32, u32)>,
    record: Column<u32>,
    line: Column<u32>,
    offset: Column<u64>,
    lag: Lag,
    /// The client's event before, so that a client's events are at hand
    /// whenever they are asked for, without an index over all.
    previous: Column<u32>,
    tails: Vec<Tail>,
    newest: u64,
    oldest: Option<u64>,
    /// Client ids.
    pub clients: Interner,
    /// Channel ids, each in the scope of its client.
    pub channels: Interner,
    /// Client addresses of rare form, and the ignored fields as JSON.
    texts: Interner,
}

impl Columns {
    /// Appends an event.
    pub fn push(
        &mut self,
        event: &Plain<'_>,
        extra: Option<&str>,
        place: &Place,
    ) -> Result<(), Full> {
        let (record, line) = numbers(place)?;
        // NONE and the interners' "number plus one" need the last numbers.
        if self.texts.len() >= (NONE - 2) as usize {
            return Err(Full);
        }
        let client = self.clients.intern(0, event.client_id);
        self.channel
            .push(self.channels.intern(client, event.channel_id));
        self.kind.push(event.kind as u8);
        self.lag.push(self.newest.saturating_sub(event.time));
        self.reach(event.time);
        self.chain(client);
        self.time.push(event.time);
        let address = Address::new(event.client_ip, &mut self.texts);
        self.address.push(address);
        if let Some(extra) = extra {
            let text = self.texts.intern(0, extra);
            self.extra.push((self.len() - 1, text));
        }
        self.record.push(record);
        self.line.push(line);
        self.offset.push(place.offset);
        Ok(())
    }

    /// Lets an event by that another shard keeps: later ones may be late behind it.
    pub fn pass(&mut self, time: u64, place: &Place) -> Result<(), Full> {
        numbers(place)?;
        self.reach(time);
        Ok(())
    }

    fn reach(&mut self, time: u64) {
        self.newest = self.newest.max(time);
        self.oldest = Some(self.oldest.map_or(time, |oldest| oldest.min(time)));
    }

    /// Hangs the event that is being pushed behind the client's events.
    fn chain(&mut self, client: u32) {
        let event = self.len();
        match self.tails.get_mut(client as usize) {
            Some(tail) => {
                self.previous.push(tail.last);
                tail.last = event;
                tail.count += 1;
            }
            None => {
                self.previous.push(NONE);
                self.tails.push(Tail {
                    last: event,
                    count: 1,
                });
            }
        }
    }

    /// The client's events in arrival order.
    pub fn events_of(&self, client: u32) -> Vec<u32> {
        let Tail { last, count } = self.tails[client as usize];
        let mut events = vec![last; count as usize];
        let mut event = last;
        for place in events.iter_mut().rev() {
            *place = event;
            event = self.previous[event as usize];
        }
        events
    }

    /// The client's last event of the first `events`.
    pub fn last_before(&self, client: u32, events: u32) -> Option<u32> {
        let mut event = self.tails.get(client as usize)?.last;
        while event != NONE && event >= events {
            event = self.previous[event as usize];
        }
        (event != NONE).then_some(event)
    }

    /// Event times, from the oldest to the newest; `None` while there is no event.
    pub fn span(&self) -> Option<(u64, u64)> {
        Some((self.oldest?, self.newest))
    }

    /// How many events there are.
    pub fn len(&self) -> u32 {
        self.time.len() as u32
    }

    /// The number of the event's channel.
    pub fn channel(&self, event: u32) -> u32 {
        self.channel[event as usize]
    }

    /// The number of the event's client.
    pub fn client(&self, event: u32) -> u32 {
        self.channels.scope(self.channel(event))
    }

    /// The event's kind.
    pub fn kind(&self, event: u32) -> Kind {
        match self.kind[event as usize] {
            0 => Kind::Connect,
            1 => Kind::Disconnect,
            _ => Kind::Tcpclean,
        }
    }

    /// Milliseconds behind the newest event time before it; 0 for the newest.
    pub fn lag(&self, event: u32) -> u64 {
        self.lag.of(event)
    }

    /// When the event is taken to have arrived: the newest event time up to
    /// and with it. Grows from event to event.
    pub fn arrival(&self, event: u32) -> u64 {
        self.time(event) + self.lag(event)
    }

    /// How many events have arrived at a time, by [`arrival`](Columns::arrival).
    pub fn arrived(&self, time: u64) -> u32 {
        let (mut low, mut high) = (0, self.len());
        while low < high {
            let middle = low + (high - low) / 2;
            if self.arrival(middle) <= time {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        low
    }

    /// Event time in milliseconds since 1970.
    pub fn time(&self, event: u32) -> u64 {
        self.time[event as usize]
    }

    /// Where the client connected from.
    pub fn client_ip(&self, event: u32) -> Option<Cow<'_, str>> {
        self.address[event as usize].text(&self.texts)
    }

    /// The ignored fields as JSON.
    pub fn extra(&self, event: u32) -> Option<&str> {
        let found = self.extra.binary_search_by_key(&event, |(event, _)| *event);
        found.ok().map(|at| self.texts.text(self.extra[at].1))
    }

    /// Number of the event's record, from 1.
    pub fn record(&self, event: u32) -> u64 {
        u64::from(self.record[event as usize])
    }

    /// Line of the event's record, from 1.
    pub fn line(&self, event: u32) -> u64 {
        u64::from(self.line[event as usize])
    }

    /// Offset of the event's record in its file, from 0.
    pub fn offset(&self, event: u32) -> u64 {
        self.offset[event as usize]
    }

    /// How many events the first `records` records hold.
    pub fn events_within(&self, records: u64) -> u32 {
        self.record
            .partition_point(|record| u64::from(record) <= records) as u32
    }

    /// What two events of one slot say: time, then address, absent first.
    pub fn compare_content(&self, a: u32, b: u32) -> Ordering {
        let (one, other) = (self.address[a as usize], self.address[b as usize]);
        let times = self.time(a).cmp(&self.time(b));
        times.then_with(|| one.compare(other, &self.texts))
    }
}

/// Record and line of a place.
fn numbers(place: &Place) -> Result<(u32, u32), Full> {
    let record = u32::try_from(place.record).map_err(|_| Full)?;
    let line = u32::try_from(place.line).map_err(|_| Full)?;
    Ok((record, line))
}
