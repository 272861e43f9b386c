//! What the pipeline counted since the start, read from its metrics so that
//! `/v1/stats` and `/metrics` cannot differ.

use std::collections::BTreeMap;

use serde::Serialize;
use utoipa::ToSchema;

use crate::pipeline::metrics::{EVENTS, LAG, REJECTED, SOURCE_LAG};

/// Records since the service was started.
#[derive(Debug, Default, PartialEq, Serialize, ToSchema)]
pub struct Records {
    /// Events that were committed, duplicates included, by kind.
    accepted: BTreeMap<String, u64>,
    /// Records that were rejected, by code.
    rejected: BTreeMap<String, u64>,
}

/// How many messages of a queue wait to be committed.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
pub struct Behind {
    /// Kind of the source.
    source: String,
    /// Topic.
    topic: String,
    /// `broker:queue`; `other` for all beyond 256.
    queue: String,
    /// Messages between the end of the queue and what was committed.
    messages: u64,
}

/// What the metrics say.
#[derive(Debug, Default)]
pub struct Read {
    /// The counts.
    pub records: Records,
    /// The lag of the last commit in milliseconds.
    pub lag: Option<u64>,
    /// By source, topic and queue.
    pub behind: Vec<Behind>,
}

/// Reads them.
pub fn read(exposition: &str) -> Read {
    let mut read = Read::default();
    let records = &mut read.records;
    for kind in ["connect", "disconnect", "tcpclean"] {
        records.accepted.insert(kind.into(), 0);
    }
    for (name, labels, value) in exposition.lines().filter_map(sample) {
        let label = labels.first().map_or("", |(_, value)| value.as_str());
        match name {
            EVENTS => *records.accepted.entry(label.into()).or_default() += value as u64,
            REJECTED => *records.rejected.entry(label.into()).or_default() += value as u64,
            LAG => read.lag = Some((value * 1000.0).round() as u64),
            SOURCE_LAG => {
                let label = |name| {
                    let found = labels.iter().find(|(known, _)| *known == name);
                    found.map_or_else(String::new, |(_, value)| value.clone())
                };
                read.behind.push(Behind {
                    source: label("source"),
                    topic: label("topic"),
                    queue: label("queue"),
                    messages: value as u64,
                });
            }
            _ => {}
        }
    }
    read.behind.sort();
    read
}

/// A label and its value.
type Label<'a> = (&'a str, String);

/// `name{label="value",…} number`: the name, the labels, the number.
fn sample(line: &str) -> Option<(&str, Vec<Label<'_>>, f64)> {
    let (series, value) = line.rsplit_once(' ').filter(|_| !line.starts_with('#'))?;
    let (name, labels) = series.split_once('{').unwrap_or((series, ""));
    // No value of ours has a quote in it.
    let mut parts = labels.split('"');
    let mut pairs = Vec::new();
    while let (Some(label), Some(value)) = (parts.next(), parts.next()) {
        let label = label.trim_matches([',', '=']);
        pairs.push((label, value.to_owned()));
    }
    Some((name, pairs, value.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_its_own_metrics_only() {
        let text = "# HELP mqtt_presence_events_total x 1\nmqtt_presence_events_total{kind=\"connect\"} 3\n\
                    mqtt_presence_rejected_total{code=\"out_of_range\"} 2\nmqtt_presence_lag_seconds 1.25\nother 9\n\
                    mqtt_presence_source_lag_messages{source=\"remoting\",topic=\"t\",queue=\"b:1\"} 7\n";
        let Read {
            records,
            lag,
            behind,
        } = read(text);
        assert_eq!(
            behind,
            [Behind {
                source: "remoting".into(),
                topic: "t".into(),
                queue: "b:1".into(),
                messages: 7
            }]
        );
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
