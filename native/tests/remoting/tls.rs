//! TLS, on either version.

use mqtt_presence::source::remoting::{self, Config, Producer, Tls};
use xtask::certificates::Certificates;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::harness::{arrived, blocking, events, run};

/// Only a certificate of the authority that was named is accepted.
pub async fn is_verified(version: &str) {
    let dir = tempfile::tempdir().unwrap();
    let certificates = Certificates::make(&dir.path().join("tls")).unwrap();
    let mut options = StartOptions::new(version, dir.path()).topic("events", 4);
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
