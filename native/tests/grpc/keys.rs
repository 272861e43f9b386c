//! A proxy that knows its users and what they may.

use std::time::Duration;

use mqtt_presence::source::Health;
use mqtt_presence::source::grpc::Config;
use xtask::rocketmq::{Cluster, StartOptions};

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
    let mut options = with_users(StartOptions::new("5.3.3", dir.path()));
    for topic in TOPICS {
        options = options.topic(topic, 4);
    }
    for group in GROUPS {
        options = options.group(group);
    }
    options.admin_keys = Some((ADMIN[0].to_owned(), ADMIN[1].to_owned()));
    let cluster = tokio::task::block_in_place(|| Cluster::start(options)).unwrap();
    let permit = |resources: &str| permit(&cluster, resources);
    tokio::task::block_in_place(|| {
        let [name, password] = READER;
        let user = [
            "createUser",
            "-c",
            "DefaultCluster",
            "-u",
            name,
            "-p",
            password,
            "-t",
            "Normal",
        ];
        cluster.admin(&user).unwrap();
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
        let mut running = Running::start(config);
        let reason = running.until_failing().await;
        println!("{who}: {reason}");
        assert!(reason.contains("check `access_key`"), "{who}: {reason}");
        assert!(!reason.contains(WORD), "{who}: {reason}");
        assert_eq!(running.distinct(), 0);
        running.stop().await;
    }

    let mut running = Running::start(with("events", "GID_reader", READER));
    running.until_ready().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
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

fn permit(cluster: &Cluster, resources: &str) {
    let subject = format!("User:{}", READER[0]);
    let list = [
        "createAcl",
        "-c",
        "DefaultCluster",
        "-s",
        &subject,
        "-r",
        resources,
        "-a",
        "Sub",
        "-d",
        "Allow",
    ];
    cluster.admin(&list).unwrap();
}

/// ACL 2.0 for the broker and for the proxy, which looks users up at its broker.
fn with_users(mut options: StartOptions) -> StartOptions {
    let [name, password] = ADMIN;
    let mut settings = vec![
        (
            "initAuthenticationUser".to_owned(),
            format!(r#"{{"username":"{name}","password":"{password}"}}"#),
        ),
        (
            "innerClientAuthenticationCredentials".to_owned(),
            format!(r#"{{"accessKey":"{name}","secretKey":"{password}"}}"#),
        ),
        (
            "authConfigPath".to_owned(),
            options.dir.join("auth").display().to_string(),
        ),
    ];
    for (part, what) in [
        ("authentication", "Authentication"),
        ("authorization", "Authorization"),
    ] {
        let class = |kind: &str| format!("org.apache.rocketmq.auth.{part}.provider.{kind}");
        settings.push((format!("{part}Enabled"), "true".to_owned()));
        settings.push((
            format!("{part}Provider"),
            class(&format!("Default{what}Provider")),
        ));
        let metadata = format!("{part}MetadataProvider");
        let at_broker = format!("org.apache.rocketmq.proxy.auth.Proxy{what}MetadataProvider");
        options
            .proxy_conf
            .push((metadata.clone(), at_broker.into()));
        options = options.broker_line(format!(
            "{metadata}={}",
            class(&format!("Local{what}MetadataProvider"))
        ));
    }
    for (name, value) in settings {
        options = options.broker_line(format!("{name}={value}"));
        options.proxy_conf.push((name, value.into()));
    }
    options
}
