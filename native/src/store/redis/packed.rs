//! A client in memory. Channels that may be live are as core has them; the
//! others, which hardly ever change again, are the bytes that they are in the
//! record, so that a commit neither reads nor encodes them anew.

use std::collections::BTreeMap;
use std::ops::Range;

use memchr::memmem;
use mqtt_presence_core::presence::{Channel, Client, Closing, Last};

use super::record::head;
use crate::store::bytes::Decoder;
use crate::store::join::{Before, Entry, Staged, closed_at, may_be_live};
use crate::store::record::{read_channel, word, write_channel, write_head};

#[derive(Clone, Debug, Default)]
pub(super) struct Packed {
    /// Id of the newest transition.
    pub newest: u64,
    /// With the channels that may be live, which a batch takes along.
    client: Client,
    /// The other channels.
    ended: Vec<u8>,
    /// Whether a channel was closed, if not forgotten since.
    closed: bool,
}

impl Packed {
    pub fn new(entry: Entry, closing: Closing) -> Packed {
        let closed = closed_at(&entry.client, closing).is_some();
        let mut packed = Packed {
            newest: entry.newest,
            client: entry.client,
            ended: Vec::new(),
            closed,
        };
        let channels = std::mem::take(&mut packed.client.channels);
        packed.take(channels);
        packed
    }

    fn take(&mut self, channels: impl IntoIterator<Item = (String, Box<Channel>)>) {
        for (id, channel) in channels {
            if may_be_live(&channel) {
                self.client.channels.insert(id, channel);
            } else {
                write_channel(&id, &channel, &mut self.ended);
            }
        }
    }

    /// The whole of it.
    pub fn entry(&self) -> Entry {
        let mut client = self.client.clone();
        let mut rest = Decoder { bytes: &self.ended };
        while let Some((id, channel)) = read_channel(&mut rest) {
            client.channels.insert(id, channel);
        }
        Entry {
            client,
            newest: self.newest,
        }
    }

    /// Makes the outcome of a batch visible; when its first channel was
    /// closed, if none had been before.
    pub fn merge(&mut self, staged: Staged, closing: Closing) -> Option<u64> {
        let mut first = None;
        if !self.closed {
            first = closed_at(&staged.part, closing);
            self.closed = first.is_some();
        }
        self.take(staged.part.channels);
        self.client.last = staged.part.last;
        self.newest = staged.newest;
        first
    }

    /// Appends it as it is stored.
    pub fn write(&self, token: &str, bytes: &mut Vec<u8>) {
        head(self.newest, token, bytes);
        write_head(&self.client, bytes);
        bytes.extend_from_slice(&self.ended);
        for (id, channel) in &self.client.channels {
            write_channel(id, channel, bytes);
        }
    }

    /// An ended channel and the place of its bytes.
    fn find(&self, id: &str) -> Option<(Range<usize>, Box<Channel>)> {
        if self.ended.is_empty() {
            return None;
        }
        let mut name = Vec::with_capacity(2 + id.len());
        word(&mut name, id);
        memmem::find(&self.ended, &name)?;
        // These bytes may be part of something else.
        let mut rest = Decoder { bytes: &self.ended };
        loop {
            let begin = self.ended.len() - rest.bytes.len();
            let (found, channel) = read_channel(&mut rest)?;
            if found == id {
                return Some((begin..self.ended.len() - rest.bytes.len(), channel));
            }
        }
    }
}

impl Before for Box<Packed> {
    fn newest(&self) -> u64 {
        self.newest
    }

    fn last(&self) -> Option<Last> {
        self.client.last
    }

    fn live(&mut self) -> BTreeMap<String, Box<Channel>> {
        std::mem::take(&mut self.client.channels)
    }

    fn other(&mut self, id: &str) -> Option<Box<Channel>> {
        let (place, channel) = self.find(id)?;
        self.ended.drain(place);
        Some(channel)
    }

    fn newest_elsewhere(&self, part: &Client) -> Option<(u64, String)> {
        (&self.entry()).newest_elsewhere(part)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_presence_core::event::{Event, Kind};
    use mqtt_presence_core::presence::Options;
    use proptest::prelude::*;

    use super::*;
    use crate::store::join::stage;
    use crate::store::{Batch, Origin};

    /// Few channels, one of whose ids is part of another's bytes.
    const CHANNELS: [&str; 5] = ["a", "ab", "0123456789abcdef", "", "456789ab"];

    fn event() -> impl Strategy<Value = Event> {
        let kind = prop_oneof![
            Just(Kind::Connect),
            Just(Kind::Disconnect),
            Just(Kind::Tcpclean)
        ];
        (0..CHANNELS.len(), kind, 0..9_u64).prop_map(|(channel, kind, time)| Event {
            client_id: "c".to_owned(),
            channel_id: CHANNELS[channel].to_owned(),
            kind,
            time,
            client_ip: (time % 2 == 0).then(|| "a".to_owned()),
            extra: None,
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        /// What a batch does is the same on the whole client and on the packed one.
        #[test]
        fn joins_as_the_whole(
            batches in prop::collection::vec(prop::collection::vec(event(), 1..6), 1..8),
            takeover in any::<bool>(),
        ) {
            let options = Options { takeover, ..Options::default() };
            let (mut whole, mut packed) = (None::<Entry>, None::<Box<Packed>>);
            for (now, events) in (100..).zip(batches) {
                let events = events.into_iter().map(|event| (event, Origin::default()));
                let batch = Batch { events: events.collect(), now, ..Batch::default() };
                let totals = super::super::totals::middle(whole.as_ref().map_or(0, |w| w.newest));
                let (on_whole, _) = stage(&batch, &totals, &options, |_, _| whole.as_ref());
                let (on_packed, entries) = stage(&batch, &totals, &options, |_, _| packed.take());
                prop_assert_eq!(&on_whole.changes, &on_packed.changes);
                prop_assert_eq!(&on_whole.totals, &on_packed.totals);
                let (first, second) = (on_whole.clients, on_packed.clients);
                packed = entries.into_iter().next().flatten();
                for ((_, one), (_, other)) in first.into_iter().zip(second) {
                    let entry = whole.get_or_insert_default();
                    let before = closed_at(&entry.client, options.closing);
                    entry.merge(one);
                    let after = closed_at(&entry.client, options.closing);
                    let closed = packed.get_or_insert_default().merge(other, options.closing);
                    prop_assert_eq!(closed, after.filter(|_| before.is_none()));
                }
                let (whole, packed) = (whole.as_ref().unwrap(), packed.as_ref().unwrap());
                prop_assert_eq!(&packed.entry().client, &whole.client);
                prop_assert_eq!(packed.newest, whole.newest);
                let mut bytes = Vec::new();
                packed.write("t", &mut bytes);
                let (read, _) = super::super::record::read("c", &bytes).unwrap();
                let again = Packed::new(read, options.closing);
                prop_assert_eq!(&again.entry().client, &whole.client);
                prop_assert_eq!(again.closed, packed.closed);
            }
        }
    }
}
