//! Lists of connections among events: they commute, and lose to events.
#![allow(clippy::unwrap_used)]

use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::{Client, Listed, Options, Presence, RECONCILED, Status, repair};
use proptest::prelude::*;

fn event(channel: u8, kind: Kind, time: u64) -> Event {
    repair("a", &channel.to_string(), kind, time)
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Connect),
        Just(Kind::Disconnect),
        Just(Kind::Tcpclean)
    ]
}

/// Channel, kind, time, and whether a list told it.
type Fact = (u8, Kind, u64, bool);

fn applied(facts: &[Fact]) -> Client {
    let mut client = Client::default();
    for (channel, kind, time, synthetic) in facts {
        let origin = if *synthetic { RECONCILED } else { "m" };
        client.apply(
            &event(*channel, *kind, *time),
            origin,
            9,
            &Options::default(),
        );
    }
    client.last = None;
    client
}

proptest! {
    #[test]
    fn any_order_gives_the_same(
        facts in prop::collection::vec((0..3_u8, kind(), 1..20_u64, any::<bool>()), 0..12),
        seed: prop::sample::Index,
    ) {
        let once = applied(&facts);
        let mut other = facts.clone();
        other.reverse();
        let middle = seed.index(other.len().max(1));
        if !other.is_empty() {
            other.rotate_left(middle);
        }
        other.extend(facts.iter().take(3).copied());
        prop_assert_eq!(&applied(&other), &once);
        // In memory, over a snapshot and merged with a part of itself.
        let options = Options { lease: Some(5), ..Options::default() };
        let mut presence = Presence::new(options.clone());
        let mut part = Presence::new(options.clone());
        for (place, (channel, kind, time, synthetic)) in facts.iter().enumerate() {
            let origin = if *synthetic { RECONCILED } else { "m" };
            let event = event(*channel, *kind, *time);
            presence.apply(&event, origin, None, 9);
            if place % 2 == 0 {
                part.apply(&event, origin, None, 9);
            }
        }
        presence.merge(&part, 9);
        let restored = Presence::restore(&presence.snapshot(), options.clone()).unwrap();
        for presence in [&presence, &restored] {
            for now in 0..30 {
                let expected = if facts.is_empty() { Status::Unknown } else { once.status(&options, now) };
                prop_assert_eq!(presence.status("a", now), expected);
            }
            if let Some(mut client) = presence.client("a") {
                client.last = None;
                prop_assert_eq!(&client, &once);
            }
        }
    }

    /// Real events before the list take the slots, whenever they come.
    #[test]
    fn events_go_before_lists(connect in 1..100_u64, end in 1..100_u64, kinds in 0..2_u8) {
        let list = [(1, Kind::Connect, 100, true), (1, Kind::Tcpclean, 200, true)];
        let real = [(1, Kind::Connect, connect, false), (1, Kind::Tcpclean, end, false)];
        let facts = if kinds == 0 { [list, real] } else { [real, list] }.concat();
        let client = applied(&facts);
        let channel = &client.channels["1"];
        prop_assert_eq!(channel.connect.as_ref().unwrap().time, connect);
        prop_assert_eq!(channel.tcpclean.as_ref().unwrap().time, end);
        prop_assert_eq!(&channel.tcpclean.as_ref().unwrap().origin, "m");
    }
}

#[test]
fn a_list_is_judged_by_what_is_known() {
    let plain = Options::default();
    let leased = Options {
        lease: Some(100),
        ..Options::default()
    };
    let client = applied(&[
        (1, Kind::Connect, 1_000, false),
        (2, Kind::Connect, 1_000, false),
        (2, Kind::Disconnect, 1_001, false),
        (3, Kind::Tcpclean, 1_000, false),
        (4, Kind::Connect, 3_000, false),
    ]);
    let channel = |id: &str| client.channels.get(id).map(|channel| &**channel);
    let judged = |id: &str, options| Listed::new(channel(id), 2_000, options);
    assert_eq!(judged("0", &plain), Listed::Opened);
    assert_eq!(judged("1", &plain), Listed::Known);
    assert_eq!(judged("1", &leased), Listed::Confirmed);
    assert_eq!(judged("2", &plain), Listed::Ended);
    assert_eq!(judged("3", &plain), Listed::Ended);
    assert_eq!(
        judged("4", &leased),
        Listed::Known,
        "it is newer than the list"
    );
    let open: Vec<_> = client.open_before(2_000, &plain).collect();
    assert_eq!(open, ["1"]);
}

#[test]
fn a_confirmed_channel_is_no_longer_suspect() {
    let options = Options {
        lease: Some(100),
        ..Options::default()
    };
    let mut client = Client::default();
    client.apply(&event(1, Kind::Connect, 1_000), "m", 1_000, &options);
    assert_eq!(client.status(&options, 1_101), Status::Suspect);
    let applied = client.apply(&event(1, Kind::Connect, 1_100), RECONCILED, 1_101, &options);
    assert!(applied.changed && applied.flipped.is_none());
    assert_eq!(client.status(&options, 1_200), Status::Online);
    assert_eq!(client.status(&options, 1_201), Status::Suspect);
    assert_eq!(client.channels["1"].connect.as_ref().unwrap().time, 1_000);
}
