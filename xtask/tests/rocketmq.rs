//! Both versions really start, and nothing of them stays.
#![allow(clippy::unwrap_used)]

use xtask::rocketmq::{Cluster, StartOptions};

fn check(version: &str) {
    let dir = tempfile::tempdir().unwrap();
    let options = StartOptions::new(version, dir.path())
        .topic("from_file", 8)
        .group("GID_from_file");
    let mut cluster = Cluster::start(options).unwrap();
    let list = cluster.admin(&["topicList"]).unwrap();
    assert!(
        list.lines().any(|line| line.contains("from_file")),
        "{list}"
    );
    cluster.create_topic("from_admin", 4).unwrap();
    let route = cluster.admin(&["topicRoute", "-t", "from_file"]).unwrap();
    assert!(
        route.contains("\"readQueueNums\":8") || route.contains("\"readQueueNums\": 8"),
        "{route}"
    );

    let first = cluster.broker_id().unwrap();
    cluster.kill_broker();
    assert!(!is_alive(first));
    cluster.start_broker().unwrap();
    let second = cluster.broker_id().unwrap();
    assert_ne!(first, second);
    let list = cluster.admin(&["topicList"]).unwrap();
    assert!(list.contains("from_admin"), "{list}");
    drop(cluster);
    assert!(!is_alive(second));
}

fn is_alive(id: u32) -> bool {
    std::process::Command::new("kill")
        .args(["-0", &id.to_string()])
        .status()
        .unwrap()
        .success()
}

#[test]
fn version_4_starts_and_ends() {
    check("4.9.7");
}

#[test]
fn version_5_starts_and_ends() {
    check("5.3.3");
}

#[test]
fn a_version_that_does_not_exist_is_refused_in_a_sentence() {
    let dir = tempfile::tempdir().unwrap();
    let error = Cluster::start(StartOptions::new("../x", dir.path())).unwrap_err();
    assert!(error.contains("`../x` is no RocketMQ version"), "{error}");
}
