//! A simulated fleet of MQTT clients: events as an Alibaba Cloud rule would
//! write them, with the faults that a consumer meets.
//!
//! The same configuration gives the same events on any machine: everything is
//! drawn from one small generator in whole numbers. Each stage draws from a
//! stream of its own, so a fault added leaves the fleet itself as it was.
//!
//! ```text
//! sessions → loss → duplicate → the first N → shuffle
//! ```

use mqtt_presence_core::event::Event;

mod faults;
mod line;
mod pace;
mod random;
mod sessions;
mod share;

pub use line::to_json_line;
pub use share::{ParseShareError, Share};

use faults::Faults;
use pace::Pace;
use random::Random;
use sessions::Sessions;

/// What fleet, and how it is disturbed on the way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetConfig {
    /// How many clients; none yield no events.
    pub clients: u32,
    /// How many events in all, duplicates included.
    pub events: u64,
    /// Another seed, another fleet.
    pub seed: u64,
    /// Share of events that are lost.
    pub loss: Share,
    /// Share of events that come twice, the second time up to 64 places later.
    pub duplicate: Share,
    /// How many places late an event may arrive.
    pub shuffle: u32,
    /// Time of the first events, milliseconds since 1970.
    pub start: u64,
    /// Mixed into the channel ids: fleets of one seed that go into the same
    /// store share none of them if this differs.
    pub channels: u64,
    /// Events a second that the times are to keep up with: the fleet lives as
    /// much faster or slower as that takes. Default: as devices do.
    pub pace: Option<u32>,
}

impl FleetConfig {
    /// When a fleet starts unless told otherwise: 2026-01-01T00:00:00Z.
    pub const START: u64 = 1_767_225_600_000;
}

impl Default for FleetConfig {
    fn default() -> Self {
        FleetConfig {
            clients: 1_000,
            events: 10_000,
            seed: 1,
            loss: Share::NONE,
            duplicate: Share::NONE,
            shuffle: 0,
            start: FleetConfig::START,
            channels: 0,
            pace: None,
        }
    }
}

/// The fleet's events in order of arrival. Memory is bounded by the number of
/// clients and by `shuffle`.
#[derive(Debug)]
pub struct Fleet {
    faults: Faults,
    pace: Option<Pace>,
}

impl Fleet {
    /// The fleet of this configuration.
    pub fn new(config: FleetConfig) -> Fleet {
        let sessions = Sessions::new(&config, Random::stream(config.seed, 0));
        let random = Random::stream(config.seed, 1);
        Fleet {
            faults: Faults::new(sessions, &config, random),
            pace: config.pace.map(|rate| Pace::new(&config, rate)),
        }
    }
}

impl Iterator for Fleet {
    type Item = Event;

    fn next(&mut self) -> Option<Event> {
        let mut event = self.faults.next()?.into_event();
        if let Some(pace) = &self.pace {
            event.time = pace.time(event.time);
        }
        Some(event)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use mqtt_presence_core::event::Kind;

    use super::*;

    fn fleet(change: impl FnOnce(&mut FleetConfig)) -> Vec<Event> {
        let mut config = FleetConfig {
            clients: 100,
            events: 2_000,
            ..FleetConfig::default()
        };
        change(&mut config);
        Fleet::new(config).collect()
    }

    #[test]
    fn the_first_events_of_seed_1_never_change() {
        let lines: Vec<String> = fleet(|config| config.events = 3)
            .iter()
            .map(to_json_line)
            .collect();
        assert_eq!(lines, FIRST);
    }

    const FIRST: [&str; 3] = [
        r#"{"clientId":"GID_fleet@@@device-000098","channelId":"b8165e73ab8161574cb49739ee6af6ed","eventType":"connect","time":1767225601408,"clientIp":"10.0.0.97:60379"}"#,
        r#"{"clientId":"GID_fleet@@@device-000084","channelId":"d16961eba5173cabb2304710495d7bf8","eventType":"connect","time":1767225656559,"clientIp":"10.0.0.83:1370"}"#,
        r#"{"clientId":"GID_fleet@@@device-000077","channelId":"dccdeee7a0deb077140439fe482f10ca","eventType":"connect","time":1767225675328,"clientIp":"10.0.0.76:45600"}"#,
    ];

    #[test]
    fn a_later_fleet_of_the_same_seed_has_channels_of_its_own() {
        let of = |channels| {
            let events = fleet(|config| config.channels = channels);
            let ids = events.into_iter().map(|event| event.channel_id);
            ids.collect::<BTreeSet<_>>()
        };
        let (first, second) = (of(1_767_225_600_000), of(1_767_225_600_001));
        assert_eq!(first.len(), second.len());
        assert!(first.is_disjoint(&second));
    }

    #[test]
    fn times_keep_up_with_the_pace() {
        for (clients, rate) in [(100, 10), (1_000, 500), (5_000, 3)] {
            let events = fleet(|config| {
                config.clients = clients;
                config.events = 60 * u64::from(clients);
                config.pace = Some(rate);
            });
            let last = events.last().unwrap().time - FleetConfig::START;
            let due = events.len() as u64 * 1_000 / u64::from(rate);
            assert!(
                last.abs_diff(due) < due / 20,
                "{clients} clients at {rate}/s: {last} ms, due {due} ms"
            );
        }
    }

    #[test]
    fn a_fleet_without_faults_tells_whole_sessions_in_order() {
        let events = fleet(|_| {});
        assert_eq!(events.len(), 2_000);
        assert!(events.windows(2).all(|pair| pair[0].time <= pair[1].time));
        let mut kinds: BTreeMap<&str, Vec<Kind>> = BTreeMap::new();
        for event in &events {
            kinds.entry(&event.channel_id).or_default().push(event.kind);
        }
        assert!(kinds.values().all(|kinds| matches!(
            kinds[..],
            [Kind::Connect]
                | [Kind::Connect, Kind::Tcpclean]
                | [Kind::Connect, Kind::Disconnect]
                | [Kind::Connect, Kind::Disconnect, Kind::Tcpclean]
        )));
        let clients: BTreeSet<&str> = events
            .iter()
            .map(|event| event.client_id.as_str())
            .collect();
        assert_eq!(clients.first(), Some(&"GID_fleet@@@device-000001"));
        assert_eq!(clients.len(), 100);
    }

    #[test]
    fn now_and_then_a_client_connects_anew_before_its_old_channel_ends() {
        let mut open: BTreeMap<String, u32> = BTreeMap::new();
        let mut overlaps = 0;
        for event in fleet(|_| {}) {
            let open = open.entry(event.client_id).or_default();
            match event.kind {
                Kind::Connect => {
                    overlaps += u32::from(*open > 0);
                    *open += 1;
                }
                Kind::Tcpclean => *open -= 1,
                Kind::Disconnect => {}
            }
        }
        assert!(overlaps > 10, "{overlaps}");
    }

    #[test]
    fn shuffling_only_moves_events_and_never_further_than_asked() {
        let straight = fleet(|_| {});
        let shuffled = fleet(|config| config.shuffle = 20);
        assert_ne!(straight, shuffled);
        for (place, event) in shuffled.iter().enumerate() {
            let home = straight.iter().position(|other| other == event).unwrap();
            assert!(place <= home + 20, "{home} arrived at {place}");
        }
    }

    #[test]
    fn duplicates_and_losses_come_in_the_share_asked_for() {
        let distinct = |events: &[Event]| {
            let lines: BTreeSet<String> = events.iter().map(to_json_line).collect();
            lines.len()
        };
        let half: Share = "0.5".parse().unwrap();
        let doubled = fleet(|config| config.duplicate = half);
        assert_eq!(doubled.len(), 2_000);
        // A third of all lines are second copies.
        assert!(
            (1_200..1_470).contains(&distinct(&doubled)),
            "{}",
            distinct(&doubled)
        );
        let lossy = fleet(|config| config.loss = half);
        let closings = lossy
            .iter()
            .filter(|event| event.kind != Kind::Connect)
            .count();
        assert_eq!(lossy.len(), 2_000);
        assert!(closings > 500, "{closings}");
        assert_eq!(fleet(|config| config.loss = Share::ALL).len(), 0);
    }

    #[test]
    fn no_clients_no_events() {
        assert_eq!(fleet(|config| config.clients = 0), []);
    }
}
