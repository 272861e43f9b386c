//! Events that are applied together do what they do one by one.

use mqtt_presence_core::event::{Event, Plain};
use mqtt_presence_core::presence::Presence;
use proptest::prelude::*;

use crate::deliveries::{cases, deliveries, options};

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn a_batch_is_its_events(
        first in deliveries(), second in deliveries(), third in deliveries(),
        options in options(), now in 0..80_u64,
    ) {
        let mut together = Presence::new(options.clone());
        let mut alone = Presence::new(options);
        for batch in [[first, second].concat(), third] {
            let events: Vec<Event> = batch.into_iter().map(|delivery| delivery.event).collect();
            let plains: Vec<Plain<'_>> = events.iter().map(Plain::from).collect();
            let mut flips = Vec::new();
            together.apply_all(&plains, "", now, |event, online| flips.push((*event, online)));
            let one_by_one: Vec<_> = plains
                .iter()
                .filter_map(|event| Some((*event, alone.apply_plain(event, "", now)?)))
                .collect();
            prop_assert_eq!(flips, one_by_one);
            prop_assert_eq!(&together, &alone);
        }
    }
}
