//! RocketMQ 4.9.7 and 5.3.3 with everything that keeps messages away.

use std::net::TcpListener;
use std::process::Stdio;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use xtask::child::{self, Running};
use xtask::http;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::{BINARY, Report, an_hour_ahead, command, doctor, examined};

/// One cluster at a time: each takes two JVMs.
static TURN: Mutex<()> = Mutex::new(());

#[test]
fn version_4() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    everything("4.9.7");
}

#[test]
fn version_5() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    everything("5.3.3");
}

/// The broker announces an address that is kept for documentation: nobody has it.
#[test]
fn a_broker_elsewhere() {
    let _turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
    let dir = tempfile::tempdir().unwrap();
    let options = StartOptions::new("4.9.7", dir.path())
        .topic("events", 4)
        .broker_line("brokerIP1=192.0.2.1");
    let cluster = Cluster::start(options).unwrap();
    of(cluster.namesrv(), "events", "GID_known", &[]).has(
        "broker_unreachable",
        "error",
        "`192.0.2.1:",
    );
}

fn settings(namesrv: &str, topic: &str, group: &str, more: &[&str]) -> Vec<String> {
    let own = [
        "kind=remoting".to_owned(),
        format!("namesrv={namesrv}"),
        format!("topic={topic}"),
        format!("group={group}"),
    ];
    let mut all = vec!["--store".to_owned(), "memory".to_owned()];
    for set in own
        .into_iter()
        .chain(more.iter().map(|&set| set.to_owned()))
    {
        all.extend(["--set".to_owned(), format!("source.0.{set}")]);
    }
    all
}

fn of(namesrv: &str, topic: &str, group: &str, more: &[&str]) -> Report {
    let all = settings(namesrv, topic, group, more);
    doctor(&all.iter().map(String::as_str).collect::<Vec<_>>())
}

/// A service that is a member of the group.
fn member(namesrv: &str, group: &str, tags: &str) -> Running {
    let port = http::free_port(0).unwrap();
    let bind = format!("127.0.0.1:{port}");
    let tags = format!("tags={tags}");
    let mut service = command(BINARY);
    service
        .args(["serve", "--bind", &bind])
        .args(settings(namesrv, "events", group, &[&tags]))
        .stderr(Stdio::null());
    let member = child::spawn(&mut service).unwrap();
    let end = Instant::now() + Duration::from_secs(90);
    while !http::get(port, "/readyz").is_ok_and(|(status, _)| status == 200) {
        assert!(Instant::now() < end, "the member is not ready");
        std::thread::sleep(Duration::from_millis(200));
    }
    member
}

fn everything(version: &str) {
    let dir = tempfile::tempdir().unwrap();
    let options = StartOptions::new(version, dir.path())
        .topic("events", 4)
        .topic("closed", 4)
        .topic("empty", 0)
        .topic("MQ_INST_1%notices", 4)
        .group("GID_known");
    let cluster = Cluster::start(options).unwrap();
    let namesrv = cluster.namesrv().to_owned();

    let good = of(&namesrv, "events", "GID_known", &[]);
    good.is_well();
    assert!(
        good.json.to_string().contains("has 4 queues"),
        "{}",
        good.json
    );
    of(&namesrv, "events", "GID_new", &[]).has("group_unknown", "warning", "first start");

    // Addresses.
    let free = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    of(&free.to_string(), "events", "GID_known", &[]).has(
        "namesrv_unreachable",
        "error",
        &free.to_string(),
    );
    of(&broker(&cluster), "events", "GID_known", &[]).has(
        "not_a_namesrv",
        "error",
        "NameServer's port",
    );
    if let Some(proxy) = cluster.grpc_endpoint() {
        of(&proxy, "events", "GID_known", &[]).has("not_a_namesrv", "error", "kind = \\\"grpc\\\"");
        grpc(&proxy, &[]).is_well();
        let absent = ["--set", "source.0.topic=event"];
        grpc(&proxy, &absent).has("topic_missing", "error", "topic `event`");
        let encrypted = ["--set", "source.0.tls=true"];
        grpc(&proxy, &encrypted).has("config_invalid", "error", "cannot connect with TLS");
    }
    grpc(&namesrv, &[]).has("not_a_proxy", "error", "kind = \\\"remoting\\\"");
    grpc(&free.to_string(), &[]).has("proxy_unreachable", "error", "`endpoint`");

    // Topics.
    of(&namesrv, "event", "GID_known", &[]).has("topic_missing", "error", "there is `events`");
    of(&namesrv, "notices", "GID_known", &[]).has(
        "namespace_wrong",
        "error",
        "set `namespace = \\\"MQ_INST_1\\\"`",
    );
    of(&namesrv, "events", "GID_known", &["namespace=MQ_INST_9"]).has(
        "namespace_wrong",
        "error",
        "take `namespace` away",
    );
    let permission = [
        "updateTopicPerm",
        "-c",
        "DefaultCluster",
        "-t",
        "closed",
        "-p",
        "2",
    ];
    cluster.admin(&permission).unwrap();
    of(&namesrv, "closed", "GID_known", &[]).has("topic_not_readable", "error", "updateTopicPerm");

    of(&namesrv, "empty", "GID_known", &[]).has(
        "topic_without_queues",
        "error",
        "`mqadmin updateTopic",
    );

    // A group that is switched off.
    let switch = [
        "updateSubGroup",
        "-c",
        "DefaultCluster",
        "-g",
        "GID_off",
        "-s",
        "false",
    ];
    cluster.admin(&switch).unwrap();
    of(&namesrv, "events", "GID_off", &[]).has("group_disabled", "error", "-s true");

    // Members of the group.
    let other = member(&namesrv, "GID_known", "connect");
    of(&namesrv, "events", "GID_known", &[]).has("tags_differ", "error", "subscribes to `connect`");
    of(&namesrv, "events", "GID_known", &["tags=connect"]).is_well();
    of(&namesrv, "notices", "GID_known", &["namespace=MQ_INST_1"]).is_well();
    of(&namesrv, "MQ_INST_1%notices", "GID_known", &[]).has(
        "group_of_another_topic",
        "error",
        "a group of its own",
    );
    drop(other);

    // The clock, and a broker that hangs.
    let all = settings(&namesrv, "events", "GID_known", &[]);
    let all: Vec<&str> = all.iter().map(String::as_str).collect();
    examined(an_hour_ahead(), &all).has("clock_off", "error", "ahead of that of the broker");
    cluster.freeze().unwrap();
    let frozen = of(&namesrv, "events", "GID_known", &[]);
    cluster.resume().unwrap();
    frozen.has("broker_unreachable", "error", "does not answer");
}

fn grpc(endpoint: &str, more: &[&str]) -> Report {
    let endpoint = format!("source.0.endpoint={endpoint}");
    let own = [
        "--store",
        "memory",
        "--set",
        "source.0.kind=grpc",
        "--set",
        &endpoint,
    ];
    let names = [
        "--set",
        "source.0.topic=events",
        "--set",
        "source.0.group=GID_known",
    ];
    doctor(&[&own[..], &names, more].concat())
}

/// The broker's own port, as its configuration has it.
fn broker(cluster: &Cluster) -> String {
    let conf = std::fs::read_to_string(cluster.dir().join("broker.conf")).unwrap();
    let port = conf
        .lines()
        .find_map(|line| line.strip_prefix("listenPort="));
    format!("127.0.0.1:{}", port.unwrap())
}
