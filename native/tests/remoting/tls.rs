//! Keys and TLS, on 5.3.3.

use mqtt_presence::source::remoting::{self, Complaint, Config, Producer, Tls, Trouble};
use xtask::certificates::Certificates;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::harness::{arrived, blocking, events, run};

/// A broker that knows its users: the right keys read, wrong ones are named.
pub async fn keys() {
    let dir = tempfile::tempdir().unwrap();
    let provider =
        |what: &str, class: &str| format!("org.apache.rocketmq.auth.{what}.provider.{class}");
    let mut options = StartOptions::new("5.3.3", dir.path())
        .topic("events", 4)
        .broker_line("authenticationEnabled=true")
        .broker_line(format!("authenticationProvider={}", provider("authentication", "DefaultAuthenticationProvider")))
        .broker_line(format!("authenticationMetadataProvider={}", provider("authentication", "LocalAuthenticationMetadataProvider")))
        .broker_line(r#"initAuthenticationUser={"username":"rocketmq","password":"12345678"}"#)
        .broker_line(r#"innerClientAuthenticationCredentials={"accessKey":"rocketmq","secretKey":"12345678"}"#)
        .broker_line("authorizationEnabled=true")
        .broker_line(format!("authorizationProvider={}", provider("authorization", "DefaultAuthorizationProvider")))
        .broker_line(format!("authorizationMetadataProvider={}", provider("authorization", "LocalAuthorizationMetadataProvider")))
        .broker_line(format!("authConfigPath={}", dir.path().join("auth").display()));
    options.admin_keys = Some(("rocketmq".into(), "12345678".into()));
    let cluster = blocking(|| Cluster::start(options)).await.unwrap();
    let cluster = blocking(move || {
        cluster
            .admin(&[
                "createUser",
                "-c",
                "DefaultCluster",
                "-u",
                "reader",
                "-p",
                "readersecret",
                "-t",
                "Normal",
            ])
            .unwrap();
        let resources = "Topic:events,Group:GID_reader";
        cluster
            .admin(&[
                "createAcl",
                "-c",
                "DefaultCluster",
                "-s",
                "User:reader",
                "-r",
                resources,
                "-a",
                "Sub",
                "-d",
                "Allow",
            ])
            .unwrap();
        cluster
    })
    .await;
    let with = |access: &str, secret: &str, group: &str| {
        let mut config = Config::new(cluster.namesrv(), "events", group);
        config.access_key = Some(access.into());
        config.secret_key = Some(secret.to_owned().into());
        config
    };
    let producer = Producer::start(&with("rocketmq", "12345678", "GID_writer"))
        .await
        .unwrap();
    producer.send(&events("a", 1_000)).await.unwrap();

    for (config, who) in [
        (
            Config::new(cluster.namesrv(), "events", "GID_reader"),
            "no keys",
        ),
        (with("reader", "wrong", "GID_reader"), "a wrong secret"),
        (
            with("nobody", "readersecret", "GID_reader"),
            "an unknown user",
        ),
        (
            with("reader", "readersecret", "GID_other"),
            "a forbidden group",
        ),
    ] {
        let looked = {
            let config = config.clone();
            blocking(move || remoting::look(&config)).await
        };
        let refused = |one: &Complaint| one.trouble == Trouble::Refused && one.severe;
        assert!(looked.complaints.iter().any(refused), "{who}: {looked:?}");
        let mut running = run(&config);
        println!("{who}:");
        let sentence = running.failing(40, "refused").await;
        assert!(sentence.contains("check the keys"), "{sentence}");
        assert!(
            !sentence.contains("readersecret") && !sentence.contains("wrong"),
            "{sentence}"
        );
        assert!(running.stop().await.events.is_empty());
    }

    let reader = with("reader", "readersecret", "GID_reader");
    let looked = {
        let config = reader.clone();
        blocking(move || remoting::look(&config)).await
    };
    let severe = looked.complaints.iter().any(|complaint| complaint.severe);
    assert!(!severe, "{looked:?}");
    let mut running = run(&reader);
    running
        .until("with the right keys", 60, |kept| {
            arrived(kept, "a").len() == 1_000
        })
        .await;
    running.ready(30).await;
    running.stop().await;
    producer.shutdown().await;
}

/// Only a certificate of the authority that was named is accepted.
pub async fn tls() {
    let dir = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(&dir.path().join("tls")).unwrap();
    let mut options = StartOptions::new("5.3.3", dir.path()).topic("events", 4);
    for flag in [
        "tls.enable=true".to_owned(),
        "tls.server.mode=enforcing".to_owned(),
        "tls.test.mode.enable=false".to_owned(),
        format!(
            "tls.server.keyPath={}",
            certificates.path("server.key").display()
        ),
        format!(
            "tls.server.certPath={}",
            certificates.path("server.pem").display()
        ),
        "tls.server.need.client.auth=none".to_owned(),
        "tls.client.authServer=true".to_owned(),
        format!(
            "tls.client.trustCertPath={}",
            certificates.path("ca.pem").display()
        ),
    ] {
        options = options.jvm_flag(format!("-D{flag}"));
    }
    let cluster = blocking(|| Cluster::start(options)).await.unwrap();
    let with = |ca: &str| {
        let mut config = Config::new(cluster.namesrv(), "events", "GID_tls");
        config.tls = Some(Tls {
            ca_file: Some(certificates.path(ca)),
        });
        config
    };
    let producer = Producer::start(&with("ca.pem")).await.unwrap();
    producer.send(&events("a", 1_000)).await.unwrap();

    let mut plain = run(&Config::new(cluster.namesrv(), "events", "GID_tls"));
    plain.failing(30, "it may want TLS: set `tls`").await;
    assert!(plain.stop().await.events.is_empty());

    let mut stranger = run(&with("other.pem"));
    stranger
        .failing(30, "its certificate was not accepted")
        .await;
    assert!(stranger.stop().await.events.is_empty());

    for (config, wanted) in [
        (Config::new(cluster.namesrv(), "events", "GID_tls"), None),
        (with("other.pem"), None),
        (with("ca.pem"), Some(4)),
    ] {
        let looked = blocking(move || remoting::look(&config)).await;
        let severe = looked.complaints.iter().any(|complaint| complaint.severe);
        let queues = (!severe).then_some(looked.queues);
        assert_eq!(queues, wanted, "{looked:?}");
    }

    let mut trusted = run(&with("ca.pem"));
    trusted
        .until("over TLS", 60, |kept| arrived(kept, "a").len() == 1_000)
        .await;
    trusted.ready(30).await;
    trusted.stop().await;
    producer.shutdown().await;
}
