//! From a real RocketMQ topic into sqlite, each commit flushed to the disk.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::service::Service;
use super::table::{Aim, Row};
use super::{java, program, store};
use crate::rocketmq::{Cluster, StartOptions};
use crate::{place, step};

/// Topics by their number of queues.
const TOPICS: [(&str, u32); 2] = [("bench", 4), ("bench16", 16)];

/// Tries of the client alone, each in a group of its own.
const EMPTY: u32 = 5;

pub(super) fn measure(events: u64) -> Result<Vec<Row>, String> {
    let folder = place::target().join("bench").join("rocketmq");
    // A topic with old events would spoil the count.
    place::fresh(&folder)?;
    let mut options = StartOptions::new("5.3.3", folder.join("server"));
    for (topic, queues) in TOPICS {
        options = options.topic(topic, queues);
    }
    for group in ["GID_bench", "GID_bench_java", "GID_bench_warm"] {
        options = options.group(group);
    }
    for (topic, _) in TOPICS {
        for attempt in 0..EMPTY {
            options = options.group(empty_group(topic, attempt));
        }
    }
    let cluster = Cluster::start(options)?;
    for (topic, _) in TOPICS {
        fill(&cluster, topic, events)?;
    }
    // Whoever comes first pays for the broker's own warming up: neither should.
    java::listen(cluster.namesrv(), TOPICS[0].0, "GID_bench_warm", events)?;
    let mut rows = Vec::new();
    for (topic, queues) in TOPICS {
        let ours = consume(&cluster, &folder, topic, events)?;
        let theirs = java::listen(cluster.namesrv(), topic, "GID_bench_java", events)?;
        let what = format!("RocketMQ 5.3.3 → remoting → sqlite, flushed, {queues} queues");
        let beside = |what| {
            Row::rate(what, events, ours).beside(
                "documented Java listener, in memory",
                events as f64 / theirs,
            )
        };
        let empty = empty_listener(&cluster, topic, events / 100 * 99)?;
        let client = format!("the same beside the client's empty listener, {queues} queues");
        let again = format!("the same beside the Java listener, {queues} queues");
        rows.push(beside(what).aim(Aim::AtLeast(100_000.0)));
        rows.push(beside(again).aim(Aim::Times(1.5)));
        rows.push(
            Row::rate(client, events, ours)
                .beside("the same crate, nothing done", empty)
                .aim(Aim::Times(0.95)),
        );
    }
    Ok(rows)
}

pub(super) fn fill(cluster: &Cluster, topic: &str, events: u64) -> Result<(), String> {
    step::run(
        "fill the topic",
        Command::new(program())
            .args(["generate", "--clients", "200000", "--seed", "1"])
            .args(["--events", &events.to_string(), "--to", "rocketmq"])
            .args(["--namesrv", cluster.namesrv(), "--topic", topic]),
    )
}

fn empty_group(topic: &str, attempt: u32) -> String {
    format!("GID_{topic}_empty{attempt}")
}

/// Events a second that the client hands to a listener that does nothing, a
/// program of its own. Not up to the last: it often gives a queue up near its
/// end, or lets it wait for seconds, which is not its speed.
fn empty_listener(cluster: &Cluster, topic: &str, events: u64) -> Result<f64, String> {
    for attempt in 0..EMPTY {
        let said = store::output(
            step::cargo(&["bench", "--locked", "--package", "mqtt-presence"])
                .args(["--bench", "listener", "--", cluster.namesrv(), topic])
                .args([empty_group(topic, attempt), events.to_string()]),
        )?;
        print!("{said}");
        if said.contains("seconds=") {
            return Ok(events as f64 / store::figure(&said, "seconds=")?);
        }
    }
    Err(format!("the client lost a queue {EMPTY} times"))
}

/// Seconds that the service took.
fn consume(cluster: &Cluster, folder: &Path, topic: &str, events: u64) -> Result<f64, String> {
    let store = folder.join(format!("{topic}.sqlite"));
    let parts = format!(
        "[store]\nkind = \"sqlite\"\npath = {store:?}\n\n\
         [[source]]\nkind = \"remoting\"\nnamesrv = [\"{}\"]\ntopic = \"{topic}\"\ngroup = \"GID_bench\"\nfrom = \"first\"\n",
        cluster.namesrv()
    );
    let mut service = Service::start(folder, "", &parts)?;
    let seconds = service.until_stored(events, Duration::from_secs(300))?;
    service.stop()?;
    Ok(seconds)
}
