//! Any order, duplication, split and merge gives the same state.

use std::collections::BTreeMap;

use mqtt_presence_core::presence::{Channel, ChannelState, Presence, Status};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::deliveries::{cases, deliveries, delivery, options, presence, settled_options};

/// What must not depend on the way events took: the facts with the clock of
/// their closing, and every answer.
type Facts = (
    BTreeMap<String, Box<Channel>>,
    Option<(u64, String)>,
    Option<(u64, String)>,
    Vec<ChannelState>,
    Status,
);

fn facts(presence: &Presence, now: u64) -> BTreeMap<&str, Facts> {
    let options = presence.options();
    presence
        .iter()
        .map(|(id, client)| {
            let states = client.states(options, now).map(|(_, _, state)| state);
            let states = states.collect();
            let newest = client.newest_connect();
            let newest = newest.map(|(time, id)| (time, id.to_owned()));
            let status = client.status(options, now);
            let facts = (
                client.channels,
                client.newest_forgotten,
                newest,
                states,
                status,
            );
            (id, facts)
        })
        .collect()
}

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn order_and_duplication_change_nothing(
        (events, arrived) in deliveries().prop_flat_map(|events| {
            let again = prop::collection::vec(any::<Index>(), 0..12);
            (Just(events), again).prop_flat_map(|(events, again)| {
                let mut arrived = events.clone();
                if !events.is_empty() {
                    arrived.extend(again.iter().map(|index| index.get(&events).clone()));
                }
                (Just(events), Just(arrived).prop_shuffle())
            })
        }),
        options in options(), now in 0..40_u64,
    ) {
        let once = presence(&events, &options);
        let often = presence(&arrived, &options);
        prop_assert_eq!(facts(&once, now), facts(&often, now));
    }

    #[test]
    fn split_and_merge_change_nothing(
        events in prop::collection::vec((delivery(), 1..8_u8), 0..24),
        options in options(), now in 40..80_u64,
    ) {
        let all: Vec<_> = events.iter().map(|(delivery, _)| delivery.clone()).collect();
        let whole = presence(&all, &options);
        // Each event reaches one, two or all three of the instances.
        let parts: Vec<Presence> = [1, 2, 4]
            .into_iter()
            .map(|bit| {
                let part: Vec<_> = events
                    .iter()
                    .filter(|(_, instances)| instances & bit != 0)
                    .map(|(delivery, _)| delivery.clone())
                    .collect();
                presence(&part, &options)
            })
            .collect();
        for [a, b, c] in [[0, 1, 2], [2, 1, 0], [1, 0, 2], [0, 2, 1]] {
            let mut left = parts[a].clone();
            left.merge(&parts[b], now);
            left.merge(&parts[c], now);
            prop_assert_eq!(facts(&left, now), facts(&whole, now));

            let mut tail = parts[b].clone();
            tail.merge(&parts[c], now);
            let mut right = parts[a].clone();
            right.merge(&tail, now);
            prop_assert_eq!(facts(&right, now), facts(&whole, now));

            let before = left.clone();
            let flips = left.merge(&before, now);
            prop_assert!(flips.is_empty());
            prop_assert_eq!(&left, &before);
        }
    }

    #[test]
    fn merge_is_a_join_after_forgetting_too(
        one in deliveries(), two in deliveries(), three in deliveries(),
        options in options(), forgot in 0..60_u64, now in 0..60_u64,
    ) {
        let mut parts = [&one, &two, &three].map(|events| presence(events, &options));
        parts[0].forget(forgot);
        parts[1].forget(now);
        let [a, b, c] = parts;
        let joined = |x: &Presence, y: &Presence| {
            let mut joined = x.clone();
            joined.merge(y, now);
            joined
        };
        let left = joined(&joined(&a, &b), &c);
        let right = joined(&a, &joined(&b, &c));
        let turned = joined(&c, &joined(&b, &a));
        prop_assert_eq!(facts(&left, now), facts(&right, now));
        prop_assert_eq!(facts(&left, now), facts(&turned, now));
    }

    #[test]
    fn a_merge_says_what_flipped(
        one in deliveries(), two in deliveries(), options in settled_options(), now in 0..60_u64,
    ) {
        let ours = presence(&one, &options);
        let theirs = presence(&two, &options);
        let mut joined = ours.clone();
        let flips = joined.merge(&theirs, now);
        let mut expected = Vec::new();
        for (id, client) in joined.iter() {
            let online = client.online(&options, now);
            if online != (ours.status(id, now) == Status::Online) {
                expected.push((id.to_owned(), online));
            }
            prop_assert_eq!(client.last.is_some_and(|last| last.online), online);
        }
        let flipped: Vec<_> = flips.iter().map(|t| (t.client_id.clone(), t.online)).collect();
        prop_assert_eq!(flipped, expected);
        for flip in flips {
            prop_assert_eq!(flip.observed_at, now);
            prop_assert_eq!(joined.client(&flip.client_id).unwrap().since(), Some(flip.time));
            // The cause is a fact that one of the two has.
            let channel = &joined.client(&flip.client_id).unwrap().channels[&flip.cause.channel_id];
            let fact = channel.slot(flip.cause.event_type).unwrap();
            prop_assert_eq!(fact.time, flip.time);
        }
    }
}
