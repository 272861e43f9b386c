//! A proxy that knows its users and what they may.

use std::time::Duration;

use mqtt_presence::source::Health;
use mqtt_presence::source::grpc::{Config, Trouble, look};
use rocketmq::conf::ClientOption;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::fleet::{notice, send_as};
use crate::running::Running;

/// Every secret holds this word.
const WORD: &str = "hush";
const ADMIN: [&str; 2] = ["rocketmq", "hush-admin"];
const READER: [&str; 2] = ["readerkey", "hush-reader"];
const TOPICS: [&str; 2] = ["events", "other"];
const GROUPS: [&str; 3] = ["GID_reader", "GID_topic", "GID_group"];
/// The proxy keeps what it knows of a user for a minute.
const ADMISSION: Duration = Duration::from_secs(180);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_keys_read_and_others_are_named() {
    let _server = crate::SERVER.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let mut options = StartOptions::new("5.3.3", dir.path()).acl_2(ADMIN);
    for topic in TOPICS {
        options = options.topic(topic, 4);
    }
    for group in GROUPS {
        options = options.group(group);
    }
    let cluster = tokio::task::block_in_place(|| Cluster::start(options)).unwrap();
    let permit = |resources: &str| cluster.permit(READER[0], resources, "Sub").unwrap();
    tokio::task::block_in_place(|| {
        cluster.user(READER).unwrap();
        permit("Topic:events,Group:GID_reader,Group:GID_topic");
    });
    let endpoint = cluster.grpc_endpoint().unwrap();
    let with = |topic: &str, group: &str, [access, secret]: [&str; 2]| {
        let mut config = Config::new(&endpoint, topic, group);
        config.access_key = Some(access.to_owned());
        config.secret_key = Some(secret.to_owned().into());
        config
    };

    let none = Config::new(&endpoint, "events", "GID_reader");
    let topic = with("other", "GID_topic", READER);
    let group = with("events", "GID_group", READER);
    for (config, who) in [
        (none, "no keys"),
        (
            with("events", "GID_reader", [READER[0], "hush-wrong"]),
            "a wrong secret",
        ),
        (
            with("events", "GID_reader", ["nobody", READER[1]]),
            "an unknown user",
        ),
        (topic.clone(), "a forbidden topic"),
        (group.clone(), "a forbidden group"),
    ] {
        match tokio::task::block_in_place(|| look(&config)) {
            // Only who receives is asked what it may do with the group.
            Ok(()) => assert_eq!(who, "a forbidden group"),
            Err(refusal) => {
                assert_eq!(refusal.trouble, Trouble::Refused, "{who}: {refusal:?}");
                assert!(!refusal.reason.contains(WORD), "{who}: {refusal:?}");
            }
        }
        let mut running = Running::start(config);
        let reason = running.until_failing().await;
        println!("{who}: {reason}");
        assert!(reason.contains("check `access_key`"), "{who}: {reason}");
        assert!(!reason.contains(WORD), "{who}: {reason}");
        assert_eq!(running.distinct(), 0);
        running.stop().await;
    }

    let mut config = with("events", "GID_reader", READER);
    config.invisible_seconds = 10;
    tokio::task::block_in_place(|| look(&config)).unwrap();
    let mut running = Running::start(config);
    running.until_ready().await;
    let mut client = ClientOption::default();
    client.set_access_url(&endpoint);
    client.set_access_key(ADMIN[0]);
    client.set_secret_key(ADMIN[1]);
    send_as(client, "events", (0..100).map(notice)).await;
    running.until_distinct(100, Duration::from_secs(60)).await;
    // Longer than they stay hidden: what was not acknowledged would come again.
    let before = running.again();
    tokio::time::sleep(Duration::from_secs(15)).await;
    assert_eq!(running.again(), before, "acknowledged events came again");
    assert_eq!(*running.health.borrow(), Health::Ready);
    running.stop().await;

    // Those that run go on by themselves once they are let in.
    let mut refused = [Running::start(topic), Running::start(group)];
    for running in &mut refused {
        running.until_failing().await;
    }
    tokio::task::block_in_place(|| permit("Topic:other,Group:GID_group"));
    for running in &mut refused {
        running
            .until(ADMISSION, |health| *health == Health::Ready)
            .await;
    }
    for running in refused {
        running.stop().await;
    }
}
