//! From a real RocketMQ topic into sqlite, each commit flushed to the disk.

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::service::Service;
use super::table::{Aim, Row};
use super::{java, program};
use crate::rocketmq::{Cluster, StartOptions};
use crate::{place, step};

const TOPIC: &str = "bench";
const QUEUES: u32 = 4;

pub(super) fn measure(events: u64) -> Result<Vec<Row>, String> {
    let folder = place::target().join("bench").join("rocketmq");
    // A topic with old events would spoil the count.
    place::fresh(&folder)?;
    let cluster = Cluster::start(
        StartOptions::new("5.3.3", folder.join("server"))
            .topic(TOPIC, QUEUES)
            .group("GID_bench")
            .group("GID_bench_java")
            .group("GID_bench_warm"),
    )?;
    step::run(
        "fill the topic",
        Command::new(program())
            .args([
                "generate",
                "--clients",
                "200000",
                "--seed",
                "1",
                "--events",
                &events.to_string(),
            ])
            .args([
                "--to",
                "rocketmq",
                "--namesrv",
                cluster.namesrv(),
                "--topic",
                TOPIC,
            ]),
    )?;
    // Whoever comes first pays for the broker's own warming up: neither should.
    java::listen(cluster.namesrv(), TOPIC, "GID_bench_warm", events)?;
    let ours = consume(&cluster, &folder, events)?;
    let peer = java::listen(cluster.namesrv(), TOPIC, "GID_bench_java", events)?;
    let row = Row::rate(
        format!("RocketMQ 5.3.3 → remoting → sqlite, flushed, {QUEUES} queues"),
        events,
        ours,
    );
    let java = events as f64 / peer;
    Ok(vec![
        row.beside("documented Java listener, in memory", java)
            .aim(Aim::AtLeast(100_000.0)),
    ])
}

/// Seconds that the service took.
fn consume(cluster: &Cluster, folder: &Path, events: u64) -> Result<f64, String> {
    let store = folder.join("presence.sqlite");
    let parts = format!(
        "[store]\nkind = \"sqlite\"\npath = {store:?}\n\n\
         [[source]]\nkind = \"remoting\"\nnamesrv = [\"{}\"]\ntopic = \"{TOPIC}\"\ngroup = \"GID_bench\"\nfrom = \"first\"\n",
        cluster.namesrv()
    );
    let mut service = Service::start(folder, "", &parts)?;
    let seconds = service.until_stored(events, Duration::from_secs(300))?;
    service.stop()?;
    Ok(seconds)
}
