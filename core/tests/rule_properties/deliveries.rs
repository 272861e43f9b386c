//! What the properties are tried on.

use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::{Closing, Options, Presence, Transition};
use proptest::prelude::*;

/// A few hundred cases, and no file left behind by a failure: what it finds
/// becomes a vector.
pub fn cases() -> ProptestConfig {
    ProptestConfig {
        cases: 256,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// An event on its way into one instance.
#[derive(Clone, Debug)]
pub struct Delivery {
    pub event: Event,
    pub origin: String,
    pub now: u64,
}

/// Short, hexadecimal, and neither.
const CHANNELS: [&str; 5] = [
    "channel-1",
    "0123456789abcdef0123456789abcdef",
    "0123456789abcdef0123456789abcdee",
    "0123456789ABCDEF0123456789ABCDEF",
    "a-channel-id-that-is-longer-than-32-bytes",
];

/// Few ids and few times, so that everything collides.
pub fn delivery() -> impl Strategy<Value = Delivery> {
    let kind = prop_oneof![
        3 => Just(Kind::Connect),
        1 => Just(Kind::Disconnect),
        1 => Just(Kind::Tcpclean),
    ];
    // What fits into a row, and what lies beside it.
    let ips = vec![
        None,
        Some(""),
        Some("9.0.0.1:1"),
        Some("10.0.0.1:1"),
        Some("a"),
    ];
    let ip = prop::sample::select(ips);
    let time = prop_oneof![9 => 1..9_u64, 1 => (1 << 48) - 2..(1 << 48) + 2_u64];
    (
        0..2_u8,
        0..CHANNELS.len(),
        kind,
        time,
        ip,
        0..9_u8,
        0..40_u64,
    )
        .prop_map(|(client, channel, kind, time, ip, origin, now)| Delivery {
            event: Event {
                client_id: format!("client-{client}"),
                channel_id: CHANNELS[channel].to_owned(),
                kind,
                time,
                client_ip: ip.map(str::to_owned),
                extra: None,
            },
            origin: match origin {
                0..3 => format!("m{origin}"),
                _ => String::new(),
            },
            now,
        })
}

pub fn deliveries() -> impl Strategy<Value = Vec<Delivery>> {
    prop::collection::vec(delivery(), 0..24)
}

pub fn settled_options() -> impl Strategy<Value = Options> {
    (any::<bool>(), any::<bool>(), 0..20_u64).prop_map(|(tcpclean, takeover, retention)| Options {
        closing: if tcpclean {
            Closing::Tcpclean
        } else {
            Closing::Any
        },
        takeover,
        lease: None,
        retention,
    })
}

pub fn options() -> impl Strategy<Value = Options> {
    (settled_options(), prop::option::of(0..80_u64))
        .prop_map(|(options, lease)| Options { lease, ..options })
}

pub fn apply(presence: &mut Presence, deliveries: &[Delivery]) -> Vec<Transition> {
    deliveries
        .iter()
        .filter_map(|d| presence.apply(&d.event, &d.origin, Some(&d.origin), d.now))
        .collect()
}

pub fn presence(deliveries: &[Delivery], options: &Options) -> Presence {
    let mut presence = Presence::new(options.clone());
    apply(&mut presence, deliveries);
    presence
}
