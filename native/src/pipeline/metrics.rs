//! Every metric of the service, with its unit and meaning, and the one place
//! that records those of the pipeline.

use std::time::Duration;

use metrics::{
    Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram,
};

use crate::store::{Batch, Committed};

/// Accepted events, by `kind`.
pub const EVENTS: &str = "mqtt_presence_events_total";
/// Rejected records, by `code`.
pub const REJECTED: &str = "mqtt_presence_rejected_total";
/// Transitions.
pub const TRANSITIONS: &str = "mqtt_presence_transitions_total";
/// Seconds from handing a batch to the store until it has it.
pub const COMMIT_SECONDS: &str = "mqtt_presence_commit_seconds";
/// Records in a batch.
pub const COMMIT_RECORDS: &str = "mqtt_presence_commit_records";
/// Deliveries that shared a commit.
pub const COMMIT_DELIVERIES: &str = "mqtt_presence_commit_deliveries";
/// Attempts to commit that failed.
pub const STORE_FAILURES: &str = "mqtt_presence_store_failures_total";
/// Deliveries that were left for redelivery at the end.
pub const LEFT: &str = "mqtt_presence_deliveries_left_total";
/// Channels that were forgotten.
pub const FORGOTTEN: &str = "mqtt_presence_channels_forgotten_total";
/// Streams of transitions that are open.
pub const FOLLOWERS: &str = "mqtt_presence_stream_followers";
/// Connections that were turned away.
pub const CONNECTIONS_REFUSED: &str = "mqtt_presence_connections_refused_total";
/// The newest event time.
pub const NEWEST_EVENT: &str = "mqtt_presence_newest_event_timestamp_seconds";
/// The lag of the last batch.
pub const LAG: &str = "mqtt_presence_lag_seconds";
/// Transitions that a `sink` delivered.
pub const SINK_DELIVERED: &str = "mqtt_presence_sink_delivered_total";
/// Attempts to deliver that failed, by `sink`.
pub const SINK_FAILURES: &str = "mqtt_presence_sink_failures_total";
/// Transitions that a `sink` gave up on.
pub const SINK_DEAD: &str = "mqtt_presence_sink_dead_total";
/// Transitions that were dropped before a `sink` delivered them.
pub const SINK_MISSED: &str = "mqtt_presence_sink_missed_total";
/// How many ids a `sink` is behind.
pub const SINK_BEHIND: &str = "mqtt_presence_sink_behind";

/// Messages of a queue that wait to be committed.
pub const SOURCE_LAG: &str = "mqtt_presence_source_lag_messages";

/// Trace records that the broker has.
pub const TRACE_WRITTEN: &str = "mqtt_presence_trace_written_total";
/// Trace records that were left out.
pub const TRACE_LOST: &str = "mqtt_presence_trace_lost_total";

/// Tells the recorder what each metric means. Called once, after the recorder
/// was installed.
pub fn describe() {
    let count = Unit::Count;
    describe_counter!(
        EVENTS,
        count,
        "Accepted events that were committed, by kind"
    );
    describe_counter!(
        REJECTED,
        count,
        "Records put into the quarantine, by error code"
    );
    describe_counter!(TRANSITIONS, count, "Flips of a client's answer");
    describe_histogram!(
        COMMIT_SECONDS,
        Unit::Seconds,
        "Time a commit took, failed attempts not counted"
    );
    describe_histogram!(COMMIT_RECORDS, count, "Records in a commit");
    describe_histogram!(COMMIT_DELIVERIES, count, "Deliveries that shared a commit");
    describe_counter!(STORE_FAILURES, count, "Attempts to commit that failed");
    describe_counter!(LEFT, count, "Deliveries left for redelivery at shutdown");
    describe_counter!(
        FORGOTTEN,
        count,
        "Closed and orphan channels dropped after their retention"
    );
    describe_counter!(SINK_DELIVERED, count, "Transitions that a sink delivered");
    describe_counter!(SINK_FAILURES, count, "Attempts to deliver that failed");
    describe_counter!(SINK_DEAD, count, "Transitions that a sink gave up on");
    describe_counter!(
        SINK_MISSED,
        count,
        "Transitions dropped from history before a sink delivered them"
    );
    describe_gauge!(
        SINK_BEHIND,
        count,
        "Ids from a sink's place to the newest transition, where this instance delivers"
    );
    describe_gauge!(FOLLOWERS, count, "Streams of transitions that are open");
    describe_counter!(
        CONNECTIONS_REFUSED,
        count,
        "Connections turned away, as many being open already"
    );
    describe_gauge!(
        NEWEST_EVENT,
        Unit::Seconds,
        "Newest event time seen, since 1970"
    );
    describe_gauge!(
        LAG,
        Unit::Seconds,
        "Clock minus newest event time of the last commit"
    );
    describe_gauge!(
        SOURCE_LAG,
        count,
        "Messages of a queue between its end and what was committed"
    );
    describe_counter!(
        TRACE_WRITTEN,
        count,
        "Trace records that a source wrote to the broker"
    );
    describe_counter!(
        TRACE_LOST,
        count,
        "Trace records left out: more than the broker took, or it refused them"
    );
}

/// A batch was committed. `newest` is the newest event time seen before, in
/// milliseconds; answers the newest now.
pub(super) fn committed(
    batch: &Batch,
    committed: &Committed,
    deliveries: usize,
    took: Duration,
    newest: u64,
) -> u64 {
    let mut kinds = [0u64; 3];
    let mut newest_here = 0;
    for (event, _) in &batch.events {
        kinds[event.kind as usize] += 1;
        newest_here = newest_here.max(event.time);
    }
    use mqtt_presence_core::event::Kind::{Connect, Disconnect, Tcpclean};
    for kind in [Connect, Disconnect, Tcpclean] {
        counter!(EVENTS, "kind" => kind.as_str()).increment(kinds[kind as usize]);
    }
    for poison in &batch.poison {
        counter!(REJECTED, "code" => poison.code.clone()).increment(1);
    }
    counter!(TRANSITIONS).increment(committed.transitions.len() as u64);
    histogram!(COMMIT_SECONDS).record(took.as_secs_f64());
    histogram!(COMMIT_RECORDS).record((batch.events.len() + batch.poison.len()) as f64);
    histogram!(COMMIT_DELIVERIES).record(deliveries as f64);
    let newest = newest.max(newest_here);
    if newest_here > 0 {
        gauge!(NEWEST_EVENT).set(newest as f64 / 1000.0);
        let lag = batch.now as f64 - newest_here as f64;
        gauge!(LAG).set(lag.max(0.0) / 1000.0);
    }
    newest
}

pub(super) fn store_failed() {
    counter!(STORE_FAILURES).increment(1);
}

pub(super) fn left(deliveries: usize) {
    counter!(LEFT).increment(deliveries as u64);
}

pub(super) fn forgotten(channels: u64) {
    counter!(FORGOTTEN).increment(channels);
}

/// So many messages of this queue wait.
pub fn source_lag(source: &'static str, topic: &str, queue: &str, messages: u64) {
    let labels = [
        ("source", source.to_owned()),
        ("topic", topic.to_owned()),
        ("queue", queue.to_owned()),
    ];
    gauge!(SOURCE_LAG, &labels).set(messages as f64);
}

#[cfg(feature = "remoting")]
pub(crate) fn trace_written(records: u64) {
    counter!(TRACE_WRITTEN).increment(records);
}

#[cfg(feature = "remoting")]
pub(crate) fn trace_lost(records: u64) {
    counter!(TRACE_LOST).increment(records);
}

/// A connection was turned away.
pub fn connection_refused() {
    counter!(CONNECTIONS_REFUSED).increment(1);
}

/// So many follow transitions.
pub fn followers(count: usize) {
    gauge!(FOLLOWERS).set(count as f64);
}

pub(crate) fn sink_delivered(sink: &str, transitions: u64) {
    counter!(SINK_DELIVERED, "sink" => sink.to_owned()).increment(transitions);
}

pub(crate) fn sink_failed(sink: &str) {
    counter!(SINK_FAILURES, "sink" => sink.to_owned()).increment(1);
}

pub(crate) fn sink_dead(sink: &str, transitions: u64) {
    counter!(SINK_DEAD, "sink" => sink.to_owned()).increment(transitions);
}

pub(crate) fn sink_missed(sink: &str, transitions: u64) {
    counter!(SINK_MISSED, "sink" => sink.to_owned()).increment(transitions);
}

pub(crate) fn sink_behind(sink: &str, ids: u64) {
    gauge!(SINK_BEHIND, "sink" => sink.to_owned()).set(ids as f64);
}

#[cfg(test)]
mod tests {
    /// What is between `mqtt_presence_` and the end of the name.
    fn names(text: &str) -> Vec<&str> {
        let is_name = |c: char| c.is_ascii_lowercase() || c == '_';
        let words = text.split(|c: char| !is_name(c));
        let names = words.filter_map(|word| word.strip_prefix("mqtt_presence_"));
        names.filter(|name| !name.is_empty()).collect()
    }

    #[test]
    fn what_operators_are_given_names_these_metrics() {
        let code = include_str!("metrics.rs").split("#[cfg(test)]").next();
        let quoted = code.unwrap_or_default().split("\"mqtt_presence_").skip(1);
        let of_this_file: Vec<_> = quoted.filter_map(|rest| rest.split('"').next()).collect();
        assert!(of_this_file.len() > 5);
        let manual = include_str!("../../../docs/operations.md");
        for name in &of_this_file {
            assert!(names(manual).contains(name), "the manual lacks `{name}`");
        }
        for (file, text) in [
            ("operations.md", manual),
            (
                "alerts.yaml",
                include_str!("../../../docs/operations/alerts.yaml"),
            ),
            (
                "dashboard.json",
                include_str!("../../../docs/operations/dashboard.json"),
            ),
        ] {
            let used = names(text);
            assert!(used.len() > 5, "{file} names no metrics");
            for name in used {
                // A summary also gives the number and the sum of what it saw.
                let name = name.trim_end_matches("_count").trim_end_matches("_sum");
                assert!(
                    of_this_file.contains(&name),
                    "{file}: no metric is called `{name}`"
                );
            }
        }
    }
}
