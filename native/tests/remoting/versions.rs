//! What both versions must do.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use mqtt_presence::pipeline::Intake;
use mqtt_presence::source::remoting::{self, Config, Producer, Trouble};
use xtask::rocketmq::{Cluster, StartOptions};

use crate::harness::{arrived, blocking, events, run, run_into};
use crate::large;

/// Everything that both versions must do, on one cluster, one after another.
pub async fn both(version: &'static str) {
    let dir = tempfile::tempdir().unwrap();
    let options = StartOptions::new(version, dir.path()).topic("events", 8);
    let mut cluster = blocking(|| Cluster::start(options)).await.unwrap();
    let config = Config::new(cluster.namesrv(), "events", "GID_both");

    // Before anything is started, one can ask whether it would work.
    let look = |topic: &str| {
        let config = Config::new(cluster.namesrv(), topic, "GID_look");
        blocking(move || remoting::look(&config))
    };
    assert_eq!(look("events").await.queues, 8);
    let missing = look("nowhere").await.complaints;
    assert_eq!(missing[0].trouble, Trouble::TopicMissing, "{missing:?}");
    assert!(missing[0].what.contains("knows no topic `nowhere`"));

    // All arrive, and say where they came from.
    let producer = Producer::start(&config).await.unwrap();
    let sent = events("a", 20_000);
    let begin = Instant::now();
    producer.send(&sent).await.unwrap();
    println!("{version}: sent 20,000 in {:?}", begin.elapsed());
    let mut running = run(&config);
    running
        .until("all sent", 60, |kept| arrived(kept, "a").len() == 20_000)
        .await;
    running.ready(30).await;
    producer.send_raw("connect", "x", "no json").await.unwrap();
    running
        .until("poison", 30, |kept| !kept.poison.is_empty())
        .await;
    let kept = running.stop().await;
    let mut by_channel: HashMap<_, _> = sent
        .iter()
        .map(|event| (event.channel_id.as_str(), event))
        .collect();
    let mut places = HashSet::new();
    for (event, origin) in &kept.events {
        assert_eq!(origin.source, "remoting");
        assert_eq!(origin.topic.as_deref(), Some("events"));
        assert!(origin.queue.unwrap() < 8);
        assert!(
            origin.message_id.as_ref().is_some_and(|id| id.len() == 32),
            "{origin:?}"
        );
        places.insert((origin.queue, origin.offset.unwrap()));
        if let Some(wanted) = by_channel.remove(event.channel_id.as_str()) {
            assert_eq!(event, wanted);
        }
    }
    assert_eq!(
        places.len(),
        kept.events.len(),
        "every message has a place of its own"
    );
    let ids: HashSet<_> = kept
        .events
        .iter()
        .map(|(_, origin)| &origin.message_id)
        .collect();
    assert_eq!(ids.len(), 20_000);
    assert!(kept.largest <= 32 && kept.largest > 1, "{}", kept.largest);
    assert_eq!(
        (kept.poison.len(), kept.poison[0].raw.as_slice()),
        (1, &b"no json"[..])
    );

    // The limits are those of the service.
    let namesrv = cluster.namesrv().to_owned();
    let service = blocking(move || {
        large::service(&[
            ("kind", "remoting"),
            ("namesrv", &namesrv),
            ("topic", "events"),
            ("group", "GID_large"),
        ])
    })
    .await;
    let body = large::body();
    producer.send_raw("connect", "large", body).await.unwrap();
    blocking(move || large::arrives(&service)).await;

    // What was acknowledged does not come again; what was not, does.
    producer.send(&events("b", 500)).await.unwrap();
    let (intake, receiver) = Intake::new(1);
    drop(receiver);
    let (_, unused) = Intake::new(1);
    let refusing = run_into(&config, intake, unused);
    tokio::time::sleep(Duration::from_secs(5)).await;
    assert!(refusing.stop().await.events.is_empty());
    let running = run(&config);
    running
        .until("what was not acknowledged", 90, |kept| {
            arrived(kept, "b").len() == 500
        })
        .await;
    assert!(arrived(&running.kept.lock().unwrap(), "a").is_empty());

    // The broker is killed and started again under way.
    let half = events("c", 10_000);
    producer.send(&half[..5_000]).await.unwrap();
    running
        .until("before the kill", 30, |kept| !arrived(kept, "c").is_empty())
        .await;
    let mut cluster = blocking(move || {
        cluster.kill_broker();
        cluster
    })
    .await;
    let begin = Instant::now();
    let mut running = running;
    running.failing(60, "127.0.0.1").await;
    println!(
        "{version}: loss of the broker noticed after {:?}",
        begin.elapsed()
    );
    let cluster = blocking(move || {
        cluster.start_broker().unwrap();
        cluster
    })
    .await;
    let begin = Instant::now();
    producer.send(&half[5_000..]).await.unwrap();
    running
        .until("after the kill", 120, |kept| {
            arrived(kept, "c").len() == 10_000
        })
        .await;
    running.ready(60).await;
    println!(
        "{version}: all there {:?} after the broker was back",
        begin.elapsed()
    );
    running.stop().await;
    producer.shutdown().await;
    drop(cluster);
}
