//! The contract's wording, done naively.

use std::collections::BTreeSet;

use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::Closing;
use mqtt_presence_core::replay::Options;

fn closing_kinds(options: &Options) -> &'static [Kind] {
    match options.rule.closing {
        Closing::Any => &[Kind::Disconnect, Kind::Tcpclean],
        Closing::Tcpclean => &[Kind::Tcpclean],
    }
}

/// Whether the client was online at a time, straight from the definition of
/// spans: for each channel the least connect and the least closing time.
pub fn online(events: &[Event], client: &str, time: u64, options: &Options) -> bool {
    let least = |channel: &str, kinds: &[Kind]| {
        let of_channel = |event: &&Event| {
            event.client_id == client && event.channel_id == channel && kinds.contains(&event.kind)
        };
        events
            .iter()
            .filter(of_channel)
            .map(|event| event.time)
            .min()
    };
    let closing = closing_kinds(options);
    let channels: BTreeSet<&str> = events
        .iter()
        .map(|event| event.channel_id.as_str())
        .collect();
    let started: Vec<(u64, &str)> = channels
        .iter()
        .filter_map(|channel| Some((least(channel, &[Kind::Connect])?, *channel)))
        .filter(|(connect, _)| *connect <= time)
        .collect();
    let newest = started.iter().max();
    started.iter().any(|start| {
        let open = least(start.1, closing).is_none_or(|end| time < end);
        open && (!options.rule.takeover || Some(start) == newest)
    })
}

/// Flapping by the wording: the transitions are the flips between
/// neighbouring times.
pub fn bursts(events: &[Event], client: &str, options: &Options) -> usize {
    let flips: Vec<u64> = (1..=12)
        .filter(|time| {
            online(events, client, *time, options) != online(events, client, time - 1, options)
        })
        .collect();
    let gaps = |pair: &u64, next: &u64| next - pair <= options.flap_window;
    flips
        .chunk_by(gaps)
        .filter(|burst| {
            burst
                .windows(options.flap_count)
                .any(|flips| flips[flips.len() - 1] - flips[0] <= options.flap_window)
        })
        .count()
}

/// Every anomaly of a client but flapping: its record and its kind.
pub fn anomalies(
    events: &[Event],
    client: &str,
    options: &Options,
) -> BTreeSet<(u64, &'static str)> {
    let mut found = BTreeSet::new();
    let mut tell = |event: usize, kind| {
        found.insert((event as u64 + 1, kind));
    };
    let of_client: Vec<usize> = (0..events.len())
        .filter(|event| events[*event].client_id == client)
        .collect();
    for event in &of_client {
        let (earlier, this) = (&events[..*event], &events[*event]);
        let same_slot = |other: &Event| {
            (&other.client_id, &other.channel_id, other.kind)
                == (&this.client_id, &this.channel_id, this.kind)
        };
        if earlier.contains(this) {
            tell(*event, "duplicate");
            continue;
        }
        if earlier.iter().any(same_slot) {
            tell(*event, "conflicting_duplicate");
        }
        if earlier
            .iter()
            .any(|other| other.time > this.time + options.late_after)
        {
            tell(*event, "late");
        }
    }
    let mut connects: Vec<(u64, &str, usize, u64)> = Vec::new();
    let channels: BTreeSet<&str> = of_client
        .iter()
        .map(|event| events[*event].channel_id.as_str())
        .collect();
    for channel in channels {
        let of_kind = |kind: Kind| {
            let of_slot = |event: &&usize| {
                events[**event].channel_id == channel && events[**event].kind == kind
            };
            of_client
                .iter()
                .filter(of_slot)
                .copied()
                .collect::<Vec<usize>>()
        };
        let slot = |kind: Kind| {
            let fact = |event: &usize| {
                (
                    events[*event].time,
                    events[*event].client_ip.clone(),
                    *event,
                )
            };
            of_kind(kind).into_iter().min_by_key(fact)
        };
        let kinds = closing_kinds(options).iter().copied();
        let closing = kinds
            .clone()
            .filter_map(slot)
            .min_by_key(|event| (events[*event].time, *event));
        let first_closing = kinds.flat_map(of_kind).min();
        let first_connect = of_kind(Kind::Connect).into_iter().min();
        if let (Some(closing), Some(connect)) = (first_closing, first_connect)
            && closing < connect
        {
            tell(connect, "out_of_order");
        }
        match (slot(Kind::Connect), closing) {
            (None, Some(closing)) => tell(closing, "orphan_close"),
            (Some(connect), Some(closing)) if events[closing].time < events[connect].time => {
                tell(closing.max(connect), "clock_skew");
            }
            _ => {}
        }
        if let Some(connect) = slot(Kind::Connect) {
            let end = closing.map_or(u64::MAX, |closing| events[closing].time);
            connects.push((events[connect].time, channel, connect, end));
        }
    }
    connects.sort_unstable();
    let ghost = if options.rule.takeover {
        "superseded"
    } else {
        "never_closed"
    };
    for (place, (start, _, connect, end)) in connects.iter().enumerate() {
        if *end == u64::MAX && place + 1 < connects.len() {
            tell(*connect, ghost);
        }
        if let Some((earlier_start, _, _, earlier_end)) =
            place.checked_sub(1).map(|before| connects[before])
        {
            let both = |time: &u64| {
                (*start..*end).contains(time) && (earlier_start..earlier_end).contains(time)
            };
            if (0..20).any(|time| both(&time)) {
                tell(*connect, "overlap");
            }
        }
    }
    found
}
