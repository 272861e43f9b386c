//! One client that reconnects for days must not slow everything down.
#![allow(clippy::unwrap_used)]
#![allow(clippy::disallowed_types, reason = "the test bounds its own time")]

use std::time::{Duration, Instant};

use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::{Options, Presence, Status};

/// Walking over all channels with each event takes minutes here; a small part
/// of a second is enough.
#[test]
fn the_cost_of_an_event_does_not_grow_with_the_closed_channels() {
    for takeover in [false, true] {
        let mut presence = Presence::new(Options {
            takeover,
            ..Options::default()
        });
        let started = Instant::now();
        for number in 1..=40_000_u64 {
            for kind in [Kind::Connect, Kind::Tcpclean] {
                let event = Event {
                    client_id: "c".to_owned(),
                    channel_id: format!("{:016x}", number.wrapping_mul(0x9e37_79b9_7f4a_7c15)),
                    kind,
                    time: number,
                    client_ip: None,
                    extra: None,
                };
                presence.apply(&event, "", None, number).unwrap();
            }
            assert!(
                started.elapsed() < Duration::from_secs(20),
                "slow after {number} connections"
            );
        }
        assert_eq!(presence.status("c", 0), Status::Offline);
        assert_eq!(presence.stats(0).channels.closed, 40_000);
    }
}
