//! The events of a recording, one column a field: 37 bytes an event, beside
//! the strings, each of which is kept once.

use std::cmp::Ordering;

use super::Full;
use super::intern::Interner;
use crate::event::{Event, Kind, Place};

/// Stands for an absent string.
const ABSENT: u32 = u32::MAX;

/// Set in the column of kinds for an event far behind the newest before it.
const BEHIND: u8 = 0x80;

/// All accepted events, by their number in arrival order.
#[derive(Debug, Default)]
pub(super) struct Columns {
    channel: Vec<u32>,
    kind: Vec<u8>,
    time: Vec<u64>,
    ip: Vec<u32>,
    extra: Vec<u32>,
    record: Vec<u32>,
    line: Vec<u32>,
    offset: Vec<u64>,
    /// Client ids.
    pub clients: Interner,
    /// Channel ids, each in the scope of its client.
    pub channels: Interner,
    /// Client addresses, and the ignored fields as JSON.
    texts: Interner,
}

impl Columns {
    /// Appends an event; `behind` says that it is late.
    pub fn push(&mut self, event: &Event, place: &Place, behind: bool) -> Result<(), Full> {
        // ABSENT and the interners' "number plus one" need the last numbers.
        let record = u32::try_from(place.record).map_err(|_| Full)?;
        let line = u32::try_from(place.line).map_err(|_| Full)?;
        if self.texts.len() >= (ABSENT - 2) as usize {
            return Err(Full);
        }
        let client = self.clients.intern(0, &event.client_id);
        self.channel
            .push(self.channels.intern(client, &event.channel_id));
        self.kind
            .push(event.kind as u8 | if behind { BEHIND } else { 0 });
        self.time.push(event.time);
        let ip = event.client_ip.as_deref();
        self.ip
            .push(ip.map_or(ABSENT, |ip| self.texts.intern(0, ip)));
        let extra = event.extra.as_deref();
        self.extra
            .push(extra.map_or(ABSENT, |extra| self.texts.intern(0, extra)));
        self.record.push(record);
        self.line.push(line);
        self.offset.push(place.offset);
        Ok(())
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
        match self.kind[event as usize] & !BEHIND {
            0 => Kind::Connect,
            1 => Kind::Disconnect,
            _ => Kind::Tcpclean,
        }
    }

    /// Whether the event was far behind the newest before it.
    pub fn behind(&self, event: u32) -> bool {
        self.kind[event as usize] & BEHIND != 0
    }

    /// Event time in milliseconds since 1970.
    pub fn time(&self, event: u32) -> u64 {
        self.time[event as usize]
    }

    /// Where the client connected from.
    pub fn client_ip(&self, event: u32) -> Option<&str> {
        self.optional(self.ip[event as usize])
    }

    /// The ignored fields as JSON.
    pub fn extra(&self, event: u32) -> Option<&str> {
        self.optional(self.extra[event as usize])
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
            .partition_point(|record| u64::from(*record) <= records) as u32
    }

    /// What two events of one slot say: time, then address, absent first.
    pub fn compare_content(&self, a: u32, b: u32) -> Ordering {
        self.time(a).cmp(&self.time(b)).then_with(|| {
            if self.ip[a as usize] == self.ip[b as usize] {
                Ordering::Equal
            } else {
                self.client_ip(a).cmp(&self.client_ip(b))
            }
        })
    }

    fn optional(&self, text: u32) -> Option<&str> {
        (text != ABSENT).then(|| self.texts.text(text))
    }
}
