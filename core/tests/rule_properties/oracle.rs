//! The rule over a bag of events, written straight from its sentences with no
//! code of the crate but its types: the crate must agree after every event.

use std::collections::BTreeSet;

use mqtt_presence_core::event::Kind;
use mqtt_presence_core::presence::{ChannelState, Closing, Options, Presence, Status};
use proptest::prelude::*;

use crate::deliveries::{Delivery, apply, cases, deliveries, options};

fn of<'a>(
    events: &'a [Delivery],
    client: &'a str,
    channel: &'a str,
    kind: Kind,
) -> impl Iterator<Item = &'a Delivery> {
    events.iter().filter(move |d| {
        d.event.client_id == client && d.event.channel_id == channel && d.event.kind == kind
    })
}

fn channels(events: &[Delivery], client: &str) -> BTreeSet<String> {
    events
        .iter()
        .filter(|d| d.event.client_id == client)
        .map(|d| d.event.channel_id.clone())
        .collect()
}

/// The slot: of all facts, the smallest by time, clientIp, origin.
fn slot(
    events: &[Delivery],
    client: &str,
    channel: &str,
    kind: Kind,
) -> Option<(u64, Option<String>, String)> {
    let mut facts: Vec<_> = of(events, client, channel, kind)
        .map(|d| (d.event.time, d.event.client_ip.clone(), d.origin.clone()))
        .collect();
    facts.sort();
    facts.into_iter().next()
}

/// The largest clock at which a closing fact was applied.
fn closed_at(events: &[Delivery], client: &str, channel: &str) -> Option<u64> {
    [Kind::Disconnect, Kind::Tcpclean]
        .into_iter()
        .flat_map(|kind| of(events, client, channel, kind))
        .map(|d| d.now)
        .max()
}

fn state(
    events: &[Delivery],
    client: &str,
    channel: &str,
    options: &Options,
    now: u64,
) -> ChannelState {
    let disconnected = of(events, client, channel, Kind::Disconnect).count() > 0;
    let cleaned = of(events, client, channel, Kind::Tcpclean).count() > 0;
    let closed = match options.closing {
        Closing::Any => disconnected || cleaned,
        Closing::Tcpclean => cleaned,
    };
    let Some((connected, ..)) = slot(events, client, channel, Kind::Connect) else {
        return ChannelState::Orphan;
    };
    if closed {
        return ChannelState::Closed;
    }
    if options.takeover {
        for other in channels(events, client) {
            let newer = |time| time > connected || (time == connected && other.as_str() > channel);
            let connect = slot(events, client, &other, Kind::Connect);
            if connect.is_some_and(|(time, ..)| newer(time)) {
                return ChannelState::Superseded;
            }
        }
    }
    match options.lease {
        Some(lease) if connected + lease < now => ChannelState::Suspect,
        _ => ChannelState::Live,
    }
}

fn status(events: &[Delivery], client: &str, options: &Options, now: u64) -> Status {
    let channels = channels(events, client);
    if channels.is_empty() {
        return Status::Unknown;
    }
    let states: BTreeSet<_> = channels
        .iter()
        .map(|channel| state(events, client, channel, options, now))
        .collect();
    if states.contains(&ChannelState::Live) {
        Status::Online
    } else if states.contains(&ChannelState::Suspect) {
        Status::Suspect
    } else {
        Status::Offline
    }
}

fn assert_oracle_agrees(presence: &Presence, events: &[Delivery], now: u64) {
    let options = presence.options();
    for client_id in ["client-0", "client-1"] {
        let expected = status(events, client_id, options, now);
        assert_eq!(presence.status(client_id, now), expected);
        let explain = presence.explain(client_id, now);
        assert_eq!(explain.status, expected);
        assert_eq!(explain.online, expected == Status::Online);
        let ids: Vec<_> = channels(events, client_id).into_iter().collect();
        let listed: Vec<_> = explain.channels.iter().map(|c| &c.channel_id).collect();
        assert_eq!(listed, ids.iter().collect::<Vec<_>>());
        for (id, channel) in ids.iter().zip(&explain.channels) {
            let expected = state(events, client_id, id, options, now);
            assert_eq!(channel.state, expected, "{client_id} {id}");
            let record = &presence.client(client_id).unwrap().channels[id];
            assert_eq!(record.closed_at, closed_at(events, client_id, id));
            for (kind, found) in [
                (Kind::Connect, &channel.connect),
                (Kind::Disconnect, &channel.disconnect),
                (Kind::Tcpclean, &channel.tcpclean),
            ] {
                let found = found
                    .clone()
                    .map(|slot| (slot.time, slot.client_ip, slot.origin));
                assert_eq!(found, slot(events, client_id, id, kind));
            }
        }
    }
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn the_oracle_agrees_after_every_event(
        events in deliveries(), options in options(), now in 0..40_u64,
    ) {
        let mut presence = Presence::new(options);
        for seen in 0..=events.len() {
            assert_oracle_agrees(&presence, &events[..seen], now);
            if let Some(next) = events.get(seen) {
                apply(&mut presence, std::slice::from_ref(next));
            }
        }
    }
}
