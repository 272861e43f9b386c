//! Faults that pass: each is named while it lasts, and nothing is lost.

use std::sync::Arc;
use std::time::{Duration, Instant};

use mqtt_presence::pipeline::Intake;
use mqtt_presence::source::Health;
use mqtt_presence::source::remoting::{Config, Producer};
use tokio::sync::Notify;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::harness::{arrived, blocking, ends, events, run, run_gated, starts};

pub async fn all(version: &'static str) {
    let dir = tempfile::tempdir().unwrap();
    let options = StartOptions::new(version, dir.path());
    let cluster = blocking(|| Cluster::start(options)).await.unwrap();
    let config = Config::new(cluster.namesrv(), "late", "GID_faults");

    // A topic that is made only now.
    let mut running = run(&config);
    let sentence = running.failing(10, "knows no topic `late`").await;
    assert!(sentence.contains(cluster.namesrv()), "{sentence}");
    let cluster = blocking(move || {
        cluster.create_topic("late", 4).unwrap();
        cluster
    })
    .await;
    let begin = Instant::now();
    running.ready(60).await;
    println!("ready {:?} after the topic was there", begin.elapsed());
    let producer = Producer::start(&config).await.unwrap();
    producer.send(&events("a", 2_000)).await.unwrap();
    running
        .until("the new topic's", 60, |kept| {
            arrived(kept, "a").len() == 2_000
        })
        .await;

    // The name server goes while the broker stays: reading goes on.
    let mut cluster = blocking(move || {
        let mut cluster = cluster;
        cluster.kill_namesrv();
        cluster
    })
    .await;
    producer.send(&events("b", 2_000)).await.unwrap();
    running
        .until("without a name server", 30, |kept| {
            arrived(kept, "b").len() == 2_000
        })
        .await;
    running.stop().await;

    // A start without it says so, and works once it is back.
    let mut running = run(&config);
    let sentence = running.failing(15, "no name server can be reached").await;
    assert!(
        sentence.contains(cluster.namesrv()) && sentence.contains("connection refused"),
        "{sentence}"
    );
    cluster = blocking(move || {
        cluster.start_namesrv().unwrap();
        cluster
    })
    .await;
    let begin = Instant::now();
    running.ready(120).await;
    println!("ready {:?} after the name server was back", begin.elapsed());
    producer.send(&events("c", 2_000)).await.unwrap();
    running
        .until("after the name server", 60, |kept| {
            arrived(kept, "c").len() == 2_000
        })
        .await;

    running.stop().await;

    // A store that takes longer than the client's own patience of 30 s: the
    // messages wait and are not given back, so each arrives once.
    let gate = Arc::new(Notify::new());
    let (intake, receiver) = Intake::new(256);
    let running = run_gated(&config, intake, receiver, Arc::clone(&gate));
    producer.send(&events("e", 1_000)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(40)).await;
    assert!(running.kept.lock().unwrap().events.is_empty());
    assert_eq!(*running.health.borrow(), Health::Ready);
    gate.notify_one();
    running
        .until("after the store's pause", 30, |kept| {
            arrived(kept, "e").len() == 1_000
        })
        .await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let kept = running.stop().await;
    assert!(arrived(&kept, "e").values().all(|times| *times == 1));

    // A pipeline that ends with messages it did not commit: they stay where
    // they are, and the next start reads them there.
    let read_before = ends(&kept);
    let (intake, receiver) = Intake::new(256);
    let running = run_gated(&config, intake, receiver, Arc::new(Notify::new()));
    producer.send(&events("f", 1_000)).await.unwrap();
    tokio::time::sleep(Duration::from_secs(5)).await;
    running.abandon().await;
    let running = run(&config);
    running
        .until("after a pipeline's end", 60, |kept| {
            arrived(kept, "f").len() == 1_000
        })
        .await;
    tokio::time::sleep(Duration::from_secs(15)).await;
    let kept = running.stop().await;
    assert!(arrived(&kept, "f").values().all(|times| *times == 1));
    for (queue, first) in starts(&kept) {
        assert!(
            first > read_before[&queue],
            "queue {queue} goes on at {first}"
        );
    }
    producer.shutdown().await;

    // A broker that hangs takes connections and answers nothing.
    let mut running = run(&config);
    running.ready(60).await;
    cluster.freeze().unwrap();
    let begin = Instant::now();
    let frozen = running.failing(60, "does not answer").await;
    println!("the frozen broker noticed after {:?}", begin.elapsed());
    assert!(
        frozen.contains("no broker of topic `late` answers"),
        "{frozen}"
    );
    cluster.resume().unwrap();
    let begin = Instant::now();
    running.ready(30).await;
    println!("ready {:?} after the broker went on", begin.elapsed());
    // Ready means that each queue is read, although the broker now takes
    // connections that are gone for members of the group.
    let producer = Producer::start(&config).await.unwrap();
    producer.send(&events("d", 2_000)).await.unwrap();
    running
        .until("after the freeze", 30, |kept| {
            arrived(kept, "d").len() == 2_000
        })
        .await;
    println!("all there {:?} after the broker went on", begin.elapsed());
    running.stop().await;
    producer.shutdown().await;
}

/// A file of a key that goes ends the client that is started next.
pub async fn ends_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("secret");
    std::fs::write(&file, "hush").unwrap();
    // Nobody listens there.
    let mut config = Config::new("127.0.0.1:1", "events", "GID_faults");
    config.access_key = Some("me".to_owned());
    config.secret_key_file = Some(file.clone());
    let mut running = run(&config);
    running.failing(15, "no name server can be reached").await;
    std::fs::remove_file(&file).unwrap();
    let sentence = running.failing(90, "the RocketMQ client stopped").await;
    assert!(
        sentence.contains("`secret_key_file`: cannot read"),
        "{sentence}"
    );
    running.stop().await;
}
