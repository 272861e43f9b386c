//! The events of a commit as one row, in a form that costs little to write.
//!
//! A byte for the version and the clock; then for each event its kind, its
//! transition (0 for none), its time and its texts; a clientIp that is absent
//! has length 0, others have theirs plus one.

use mqtt_presence_core::event::{Event, Kind};

use crate::store::bytes::{Decoder, number, text};

/// The first byte of each row.
const VERSION: u8 = 1;

/// An event that a commit applied.
#[derive(Debug, PartialEq)]
pub(super) struct Logged {
    pub event: Event,
    pub origin: String,
    pub transition: u64,
}

/// A row of the log.
#[derive(Debug)]
pub(super) struct Encoder {
    bytes: Vec<u8>,
}

impl Encoder {
    pub fn new(now: u64, events: usize) -> Encoder {
        let mut bytes = Vec::with_capacity(16 + events * 160);
        bytes.push(VERSION);
        number(&mut bytes, now);
        Encoder { bytes }
    }

    pub fn push(&mut self, event: &Event, origin: &str, transition: u64) {
        let bytes = &mut self.bytes;
        bytes.push(match event.kind {
            Kind::Connect => 0,
            Kind::Disconnect => 1,
            Kind::Tcpclean => 2,
        });
        number(bytes, transition);
        number(bytes, event.time);
        text(bytes, &event.client_id, 0);
        text(bytes, &event.channel_id, 0);
        match &event.client_ip {
            None => number(bytes, 0),
            Some(ip) => text(bytes, ip, 1),
        }
        text(bytes, origin, 0);
    }

    pub fn finish(self) -> Vec<u8> {
        self.bytes
    }
}

/// The clock of the commit and its events; `None` when the row is damaged.
pub(super) fn decode(bytes: &[u8]) -> Option<(u64, Vec<Logged>)> {
    let mut rest = Decoder { bytes };
    if rest.byte()? != VERSION {
        return None;
    }
    let now = rest.number()?;
    let mut events = Vec::new();
    while !rest.bytes.is_empty() {
        let kind = match rest.byte()? {
            0 => Kind::Connect,
            1 => Kind::Disconnect,
            2 => Kind::Tcpclean,
            _ => return None,
        };
        let transition = rest.number()?;
        let time = rest.number()?;
        let client_id = rest.text(0)??;
        let channel_id = rest.text(0)??;
        let client_ip = rest.text(1)?;
        let origin = rest.text(0)??;
        let event = Event {
            client_id,
            channel_id,
            kind,
            time,
            client_ip,
            extra: None,
        };
        events.push(Logged {
            event,
            origin,
            transition,
        });
    }
    Some((now, events))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn logged() -> impl Strategy<Value = Logged> {
        let kind = prop_oneof![
            Just(Kind::Connect),
            Just(Kind::Disconnect),
            Just(Kind::Tcpclean)
        ];
        let ip = proptest::option::of(".{0,40}");
        (
            kind,
            ".{1,200}",
            ".{1,40}",
            ip,
            ".{0,40}",
            any::<u64>(),
            any::<u64>(),
        )
            .prop_map(
                |(kind, client_id, channel_id, client_ip, origin, time, transition)| Logged {
                    event: Event {
                        client_id,
                        channel_id,
                        kind,
                        time,
                        client_ip,
                        extra: None,
                    },
                    origin,
                    transition,
                },
            )
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(100))]
        #[test]
        fn reads_what_it_wrote(events in prop::collection::vec(logged(), 0..20), now: u64) {
            let mut encoder = Encoder::new(now, events.len());
            for logged in &events {
                encoder.push(&logged.event, &logged.origin, logged.transition);
            }
            prop_assert_eq!(decode(&encoder.finish()).unwrap(), (now, events));
        }

        #[test]
        fn damage_is_an_answer_and_no_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = decode(&bytes);
        }
    }
}
