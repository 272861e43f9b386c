//! From a real RocketMQ topic into sqlite, each commit flushed to the disk.

use std::process::Command;
use std::time::{Duration, Instant};

use super::table::{Aim, Row};
use super::{java, program};
use crate::child::{self, Running};
use crate::rocketmq::{Cluster, StartOptions};
use crate::{http, place, step};

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

/// Seconds from the last look that saw nothing to the first that saw everything stored.
fn consume(cluster: &Cluster, folder: &std::path::Path, events: u64) -> Result<f64, String> {
    let config = folder.join("mqtt-presence.toml");
    let store = folder.join("presence.sqlite");
    let port = http::free_port(0)?;
    let text = format!(
        "[store]\nkind = \"sqlite\"\npath = {store:?}\n\n[api]\nbind = \"127.0.0.1:{port}\"\n\n\
         [[source]]\nkind = \"remoting\"\nnamesrv = [\"{}\"]\ntopic = \"{TOPIC}\"\ngroup = \"GID_bench\"\nfrom = \"first\"\n",
        cluster.namesrv()
    );
    std::fs::write(&config, text)
        .map_err(|error| format!("cannot write `{}`: {error}", config.display()))?;
    println!("\n==> mqtt-presence serve");
    let mut service = child::spawn(
        Command::new(program())
            .arg("serve")
            .arg("--config")
            .arg(&config),
    )?;
    let limit = Instant::now() + Duration::from_secs(300);
    let mut began = Instant::now();
    loop {
        let stored = stored(port, &mut service)?;
        if stored == 0 {
            began = Instant::now();
        }
        if stored >= events {
            let seconds = began.elapsed().as_secs_f64();
            service.stop("TERM", Duration::from_secs(20))?;
            return Ok(seconds);
        }
        if Instant::now() > limit {
            return Err(format!(
                "only {stored} of {events} events were stored after 300 s"
            ));
        }
        std::thread::sleep(Duration::from_millis(100));
    }
}

/// Events that the service says it has stored; 0 while it starts.
pub(super) fn stored(port: u16, service: &mut Running) -> Result<u64, String> {
    if let Some(status) = service.ended() {
        return Err(format!("mqtt-presence serve ended with {status}"));
    }
    let Ok((200, body)) = http::get(port, "/v1/stats") else {
        return Ok(0);
    };
    let stats: serde_json::Value =
        serde_json::from_str(&body).map_err(|error| format!("/v1/stats: {error}"))?;
    let kinds = stats["records"]["accepted"]
        .as_object()
        .ok_or("/v1/stats names no `records.accepted`")?;
    Ok(kinds.values().filter_map(serde_json::Value::as_u64).sum())
}
