//! What is said of a change is what has changed.

use std::collections::BTreeMap;

use mqtt_presence_core::presence::{Client, Presence, Status};
use proptest::prelude::*;

use crate::deliveries::{apply, cases, deliveries, options, settled_options};

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn transitions_alternate_and_end_with_the_answer(
        events in deliveries(), options in settled_options(), forget in any::<bool>(),
    ) {
        let mut presence = Presence::new(options.clone());
        let mut said: BTreeMap<String, bool> = BTreeMap::new();
        for next in &events {
            let before = presence.status(&next.event.client_id, next.now) == Status::Online;
            let transition = apply(&mut presence, std::slice::from_ref(next)).pop();
            let client = presence.client(&next.event.client_id).unwrap();
            let online = client.online(&options, next.now);
            prop_assert_eq!(transition.is_some(), before != online);
            if let Some(transition) = transition {
                let was = said.insert(transition.client_id.clone(), transition.online);
                prop_assert_eq!(transition.online, !was.unwrap_or(false));
                prop_assert_eq!(&transition.cause.channel_id, &next.event.channel_id);
                prop_assert_eq!(transition.cause.event_type, next.event.kind);
                prop_assert_eq!(transition.cause.message_id.as_ref(), Some(&next.origin));
                prop_assert_eq!(client.since(), Some(next.event.time));
                prop_assert_eq!(transition.time, next.event.time);
                prop_assert_eq!(transition.observed_at, next.now);
            }
            if forget {
                presence.forget(next.now);
            }
        }
        for (id, client) in presence.iter() {
            prop_assert_eq!(said.get(id).copied().unwrap_or(false), client.online(&options, 0));
        }
    }

    #[test]
    fn a_lease_keeps_transitions_alternating(events in deliveries(), options in options()) {
        let mut presence = Presence::new(options.clone());
        let mut said: BTreeMap<String, bool> = BTreeMap::new();
        for next in &events {
            let transition = apply(&mut presence, std::slice::from_ref(next)).pop();
            let flipped = transition.is_some();
            if let Some(transition) = transition {
                let was = said.insert(transition.client_id, transition.online);
                prop_assert_eq!(transition.online, !was.unwrap_or(false));
            }
            // Whoever heard every flip knows the answer, unless it is open.
            let heard = said.get(&next.event.client_id).copied().unwrap_or(false);
            match presence.status(&next.event.client_id, next.now) {
                Status::Suspect => prop_assert!(!flipped),
                status => prop_assert_eq!(heard, status == Status::Online),
            }
        }
    }

    #[test]
    fn changed_says_whether_to_write(events in deliveries(), options in options()) {
        let mut client = Client::default();
        for next in &events {
            let before = client.clone();
            let applied = client.apply(&next.event, &next.origin, next.now, &options);
            prop_assert_eq!(applied.changed, client != before);
            let other = before.clone();
            let merged = client.clone().merge(&other, next.now, &options);
            prop_assert!(!merged.changed);
        }
    }

    #[test]
    fn totals_kept_by_difference_equal_a_count(
        events in deliveries(), options in settled_options(), now in 0..80_u64,
    ) {
        let mut presence = Presence::new(options.clone());
        let mut totals = presence.stats(0).channels;
        for next in &events {
            if let Some(client) = presence.client(&next.event.client_id) {
                totals -= client.counts(&options, next.now);
            }
            apply(&mut presence, std::slice::from_ref(next));
            let client = presence.client(&next.event.client_id).unwrap();
            totals += client.counts(&options, next.now);
        }
        prop_assert_eq!(totals, presence.stats(now).channels);
        let online = presence.iter().filter(|(_, c)| c.online(&options, now)).count();
        prop_assert_eq!(presence.stats(now).online, online as u64);
        let forgotten = presence.forget(now) as u64;
        prop_assert_eq!(presence.stats(now).channels.total(), totals.total() - forgotten);
    }
}
