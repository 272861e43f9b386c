//! Rows that were moved together answer as before.

use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::{Client, Options, Presence};
use proptest::prelude::*;

use crate::deliveries::{apply, deliveries, settled_options};

/// Enough ended channels that forgetting them moves those that stay.
const ENDED: u64 = 3_000;

fn ended(number: u64, kind: Kind) -> Event {
    Event {
        client_id: format!("client-{}", number % 5),
        channel_id: format!("{number:032x}"),
        kind,
        time: 1,
        client_ip: Some("10.0.0.1:1".to_owned()),
        extra: None,
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..crate::deliveries::cases() })]

    #[test]
    fn moving_changes_nothing(
        events in deliveries(), later in deliveries(), options in settled_options(),
    ) {
        let options = Options { retention: 1_000, ..options };
        let mut presence = Presence::new(options.clone());
        for number in 0..ENDED / 2 {
            presence.apply(&ended(number, Kind::Tcpclean), "", None, 0);
        }
        // These stay, among the others.
        let fresh = events.into_iter().map(|mut delivery| {
            delivery.now += 1_000;
            delivery
        });
        apply(&mut presence, &fresh.collect::<Vec<_>>());
        for number in ENDED / 2..ENDED {
            presence.apply(&ended(number, Kind::Connect), "", None, 0);
            presence.apply(&ended(number, Kind::Tcpclean), "", None, 0);
        }
        let mut records: Vec<(String, Client)> = presence
            .iter()
            .map(|(id, client)| (id.to_owned(), client))
            .collect();
        let gone = presence.forget(1_001);
        prop_assert!(gone >= ENDED as usize);
        let expected: usize = records.iter_mut().map(|(_, client)| client.forget(1_001, &options)).sum();
        prop_assert_eq!(gone, expected);
        for delivery in &later {
            for (id, client) in &mut records {
                if *id == delivery.event.client_id {
                    client.apply(&delivery.event, &delivery.origin, delivery.now, &options);
                }
            }
            if records.iter().any(|(id, _)| *id == delivery.event.client_id) {
                apply(&mut presence, std::slice::from_ref(delivery));
            }
        }
        let moved: Vec<(String, Client)> = presence
            .iter()
            .map(|(id, client)| (id.to_owned(), client))
            .collect();
        prop_assert_eq!(moved, records);
    }
}
