//! Random recordings, small, where ids, times and addresses collide.

use mqtt_presence_core::event::{Event, Kind, Place, Record};
use mqtt_presence_core::presence::Closing;
use mqtt_presence_core::replay::{Options, Replay};
use proptest::prelude::*;

/// Few ids, times and addresses, so that events meet in slots.
fn event() -> impl Strategy<Value = Event> {
    let kinds = prop_oneof![
        Just(Kind::Connect),
        Just(Kind::Disconnect),
        Just(Kind::Tcpclean)
    ];
    let ips = prop_oneof![
        Just(None),
        Just(Some("10.0.0.1:1")),
        Just(Some("10.0.0.2:1"))
    ];
    (0..3_u8, 0..4_u8, kinds, 1..12_u64, ips).prop_map(|(client, channel, kind, time, ip)| Event {
        client_id: format!("client-{client}"),
        channel_id: format!("channel-{channel}"),
        kind,
        time,
        client_ip: ip.map(str::to_owned),
        extra: None,
    })
}

/// A recording.
pub fn events() -> impl Strategy<Value = Vec<Event>> {
    prop::collection::vec(event(), 0..40)
}

/// Options with windows as small as the times.
pub fn options() -> impl Strategy<Value = Options> {
    (any::<bool>(), any::<bool>(), 1..5_usize, 0..6_u64, 0..6_u64).prop_map(
        |(tcpclean, takeover, flap_count, flap_window, late_after)| {
            let mut options = Options {
                flap_count,
                flap_window,
                late_after,
                ..Options::default()
            };
            options.rule.takeover = takeover;
            options.rule.closing = if tcpclean {
                Closing::Tcpclean
            } else {
                Closing::Any
            };
            options
        },
    )
}

/// The recording of these events, one a line.
pub fn replay(events: &[Event], options: &Options) -> Replay {
    let mut replay = Replay::new(options.clone());
    for (place, event) in (1..).zip(events) {
        let record = Record {
            place: Place {
                record: place,
                line: place,
                column: 1,
                offset: 100 * (place - 1),
            },
            outcome: Ok(event.clone()),
        };
        replay.push(record, 0).unwrap();
    }
    replay
}
