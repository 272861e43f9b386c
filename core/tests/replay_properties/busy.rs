//! One client that is all of a recording.

use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::replay::{AnomalyKind, Options, View};

use crate::recordings::replay;

/// What would be quadratic if it were done naively: a million events of one
/// channel, and of one client.
#[test]
fn a_single_busy_client_is_no_slower_than_many() {
    let event = |number: u64, kind| Event {
        client_id: "a".to_owned(),
        channel_id: format!("{:06}", number / 2),
        kind,
        time: 1 + number,
        client_ip: None,
        extra: None,
    };
    let channels: Vec<Event> = (0..100_000)
        .map(|number| {
            event(
                number,
                if number % 2 == 0 {
                    Kind::Connect
                } else {
                    Kind::Tcpclean
                },
            )
        })
        .collect();
    let report = replay(&channels, &Options::default());
    let report = report.report(View::Whole);
    assert_eq!(report.clients[0].channels.len(), 50_000);
    let flapping = |kind: &AnomalyKind| *kind == AnomalyKind::Flapping;
    let kinds: Vec<AnomalyKind> = report.clients[0]
        .anomalies
        .iter()
        .map(|anomaly| anomaly.kind)
        .collect();
    assert_eq!(kinds.iter().filter(|kind| flapping(kind)).count(), 1);

    let conflicts: Vec<Event> = (0..100_000)
        .map(|number| Event {
            channel_id: "c".to_owned(),
            ..event(number, Kind::Connect)
        })
        .collect();
    let report = replay(&conflicts, &Options::default());
    let report = report.report(View::Whole);
    assert_eq!(report.clients[0].anomalies.len(), 99_999);
}
