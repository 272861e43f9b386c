//! Events for the checks: always the same, with repeats, losses and disorder.

use mqtt_presence::store::{Batch, Origin};
use mqtt_presence_core::event::{Event, Kind};
use xtask::random::Random;

pub const DAY: u64 = 24 * 60 * 60 * 1000;
pub const NOW: u64 = 1_700_000_000_000;

pub fn event(client: &str, channel: &str, kind: Kind, time: u64) -> Event {
    Event {
        client_id: client.to_owned(),
        channel_id: channel.to_owned(),
        kind,
        time,
        client_ip: None,
        extra: None,
    }
}

pub fn origin(message: u64) -> Origin {
    Origin {
        source: "remoting".into(),
        message_id: Some(format!("{message:032X}")),
        topic: Some("presence".to_owned()),
        queue: Some(3),
        offset: Some(message),
    }
}

/// A batch of these events, with message ids from their positions.
pub fn batch(now: u64, events: impl IntoIterator<Item = Event>) -> Batch {
    let numbered = (1..).zip(events);
    Batch {
        events: numbered.map(|(n, event)| (event, origin(n))).collect(),
        now,
        ..Batch::default()
    }
}

/// A random event of a small fleet: few ids, so that everything collides.
pub fn random(numbers: &mut Random) -> (Event, Origin) {
    let client = numbers.below(60);
    let channel = numbers.below(5);
    let kind = [Kind::Connect, Kind::Disconnect, Kind::Tcpclean][numbers.below(3) as usize];
    let mut event = event(
        &format!("GID_test@@@{client:03}"),
        &format!("channel-{client}-{channel}"),
        kind,
        NOW - 100_000 + numbers.below(200_000),
    );
    event.client_ip = (numbers.below(2) == 0).then(|| format!("10.0.0.{client}:1883"));
    (event, origin(numbers.below(1000)))
}
