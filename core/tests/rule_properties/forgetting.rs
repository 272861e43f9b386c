//! Forgetting changes no answer.

use mqtt_presence_core::presence::{ChannelState, Presence};
use proptest::prelude::*;

use crate::deliveries::{apply, cases, deliveries, options, presence};

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn forgetting_changes_no_answer(
        events in deliveries(), options in options(), now in 0..80_u64,
    ) {
        let before = presence(&events, &options);
        let mut after = before.clone();
        let forgotten = after.forget(now);
        let mut gone = 0;
        for (id, old) in before.iter() {
            let new = after.client(id).unwrap();
            prop_assert_eq!(new.status(&options, now), old.status(&options, now));
            prop_assert_eq!(new.newest_connect(), old.newest_connect());
            prop_assert_eq!(new.last, old.last);
            for (channel_id, channel, state) in old.states(&options, now) {
                let ended = matches!(state, ChannelState::Closed | ChannelState::Orphan);
                let over = channel.closed_at.is_some_and(|at| now > at + options.retention);
                let kept = new.channel_state(channel_id, &options, now);
                prop_assert_eq!(kept, (!(ended && over)).then_some(state));
                gone += usize::from(kept.is_none());
            }
        }
        prop_assert_eq!(forgotten, gone);
        prop_assert_eq!(after.forget(now), 0);
    }

    #[test]
    fn forgetting_shows_only_on_the_channels_forgotten(
        events in deliveries(), later in deliveries(), options in options(), now in 0..80_u64,
    ) {
        let mut kept = presence(&events, &options);
        let mut forgot = kept.clone();
        forgot.forget(now);
        for next in later {
            let had = |presence: &Presence| {
                let client = presence.client(&next.event.client_id);
                client.is_some_and(|client| client.channels.contains_key(&next.event.channel_id))
            };
            if had(&kept) && !had(&forgot) {
                continue;
            }
            let next = std::slice::from_ref(&next);
            prop_assert_eq!(apply(&mut kept, next), apply(&mut forgot, next));
            for (id, client) in kept.iter() {
                prop_assert_eq!(forgot.status(id, now), client.status(&options, now));
            }
        }
    }
}
