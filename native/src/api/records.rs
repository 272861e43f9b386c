//! What the pipeline counted since the start, read from its metrics so that
//! `/v1/stats` and `/metrics` cannot differ.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::pipeline::metrics::{EVENTS, LAG, REJECTED};

/// Records since the service was started.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Records {
    /// Events that were committed, duplicates included, by kind.
    accepted: BTreeMap<String, u64>,
    /// Records that were rejected, by code.
    rejected: BTreeMap<String, u64>,
}

/// The counts, and the lag of the last commit in milliseconds.
pub fn read(exposition: &str) -> (Records, Option<u64>) {
    let mut records = Records::default();
    for kind in ["connect", "disconnect", "tcpclean"] {
        records.accepted.insert(kind.into(), 0);
    }
    let mut lag = None;
    for (name, label, value) in exposition.lines().filter_map(sample) {
        match name {
            EVENTS => *records.accepted.entry(label.into()).or_default() += value as u64,
            REJECTED => *records.rejected.entry(label.into()).or_default() += value as u64,
            LAG => lag = Some((value * 1000.0).round() as u64),
            _ => {}
        }
    }
    (records, lag)
}

/// `name{label="value"} number`: the name, the label's value or nothing, the number.
fn sample(line: &str) -> Option<(&str, &str, f64)> {
    let (series, value) = line.rsplit_once(' ').filter(|_| !line.starts_with('#'))?;
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    let label = labels.split('"').nth(1).unwrap_or("");
    Some((name, label, value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_own_metrics_only() {
        let text = "# HELP mqtt_presence_events_total x 1\nmqtt_presence_events_total{kind=\"connect\"} 3\n\
                    mqtt_presence_rejected_total{code=\"out_of_range\"} 2\nmqtt_presence_lag_seconds 1.25\nother 9\n";
        let (records, lag) = read(text);
        assert_eq!(
            (records.accepted["connect"], records.accepted["tcpclean"]),
            (3, 0)
        );
        assert_eq!(
            records.rejected,
            BTreeMap::from([("out_of_range".into(), 2)])
        );
        assert_eq!(lag, Some(1_250));
    }
}
