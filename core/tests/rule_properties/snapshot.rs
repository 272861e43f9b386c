//! State written is state read, and nothing else is.

use mqtt_presence_core::presence::{Client, Options, Presence};
use proptest::prelude::*;
use proptest::sample::Index;

use crate::deliveries::{cases, deliveries, options, presence};

proptest! {
    #![proptest_config(cases())]

    #[test]
    fn snapshots_and_rows_bring_the_state_back(
        events in deliveries(), options in options(), now in 0..80_u64,
    ) {
        let mut presence = presence(&events, &options);
        presence.forget(now);
        let bytes = presence.snapshot();
        let restored = Presence::restore(&bytes, options).unwrap();
        prop_assert_eq!(&restored, &presence);
        prop_assert_eq!(restored.snapshot(), bytes);
        for (_, client) in presence.iter() {
            let row = serde_json::to_string(&client).unwrap();
            let read: Client = serde_json::from_str(&row).unwrap();
            prop_assert_eq!(read, client);
        }
    }

    #[test]
    fn a_damaged_snapshot_is_refused(
        events in deliveries(), at in any::<Index>(), byte in any::<u8>(),
    ) {
        let bytes = presence(&events, &Options::default()).snapshot();
        let at = at.index(bytes.len());
        let cut = Presence::restore(&bytes[..at], Options::default());
        prop_assert!(cut.is_err());
        let mut changed = bytes.clone();
        changed[at] = byte;
        if changed != bytes {
            prop_assert!(Presence::restore(&changed, Options::default()).is_err());
        }
        let mut longer = bytes.clone();
        longer.insert(at, byte);
        prop_assert!(Presence::restore(&longer, Options::default()).is_err());
    }

    #[test]
    fn any_bytes_are_refused_without_a_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Presence::restore(&bytes, Options::default()).is_err());
    }
}
