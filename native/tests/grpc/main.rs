//! The grpc source with a real RocketMQ 5.3.3 and its proxy.
#![cfg(feature = "grpc")]
#![allow(clippy::unwrap_used)]
#![recursion_limit = "512"]

mod fleet;
mod keys;
#[path = "../service/large.rs"]
mod large;
mod running;
#[allow(dead_code)] // Other tests use the rest.
#[path = "../service/support.rs"]
mod support;
mod wire;

use std::collections::HashSet;
use std::io::Write;
use std::net::TcpListener;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use mqtt_presence::source::Health;
use mqtt_presence::source::grpc::Config;
use tempfile::TempDir;
use tokio::time::sleep;
use xtask::rocketmq::{Cluster, StartOptions};

use fleet::{notice, send};
use running::Running;
use wire::Wire;

/// One server for all of it, because each takes half a minute and 750 MB.
struct Proxy {
    cluster: Cluster,
    endpoint: String,
    _dir: TempDir,
}

/// Held while a server runs: two at once starve each other on a small machine.
static SERVER: tokio::sync::Mutex<()> = tokio::sync::Mutex::const_new(());

const TOPICS: [&str; 7] = [
    "many", "again", "killed", "later", "damaged", "odd", "large",
];

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn receives_from_a_real_proxy() {
    let _ = tracing_subscriber::fmt()
        .with_env_filter(tracing_subscriber::EnvFilter::from_default_env())
        .with_test_writer()
        .try_init();
    let _server = SERVER.lock().await;
    let mut proxy = tokio::task::spawn_blocking(start_proxy).await.unwrap();
    odd_bodies(&proxy).await;
    limits_are_those_of_the_service(&proxy).await;
    many_events(&proxy).await;
    uncommitted_events_come_again(&proxy).await;
    a_dead_endpoint_is_told_and_mended(&proxy).await;
    damage_on_the_wire_reaches_nobody(&proxy).await;
    a_killed_proxy_is_survived(&mut proxy).await;
}

fn start_proxy() -> Proxy {
    let dir = tempfile::tempdir().unwrap();
    let mut options = StartOptions::new("5.3.3", dir.path());
    for topic in TOPICS {
        options = options.topic(topic, 8).group(group(topic));
    }
    let cluster = Cluster::start(options).unwrap();
    let endpoint = cluster.grpc_endpoint().unwrap();
    Proxy {
        cluster,
        endpoint,
        _dir: dir,
    }
}

fn group(topic: &str) -> String {
    format!("GID_{topic}")
}

/// A source of this topic that hides messages for the shortest time there is.
fn source(endpoint: &str, topic: &str) -> Config {
    let mut config = Config::new(endpoint, topic, group(topic));
    config.invisible_seconds = 10;
    config
}

async fn odd_bodies(proxy: &Proxy) {
    let mut running = Running::start(source(&proxy.endpoint, "odd"));
    running.until_ready().await;
    let mut zlib = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    zlib.write_all(&notice(1)).unwrap();
    let zstd = b"\x28\xB5\x2F\xFDwhatever".to_vec();
    let bodies = [
        zlib.finish().unwrap(),
        zstd.clone(),
        b"{\"a\":".to_vec(),
        notice(2),
    ];
    send(&proxy.endpoint, "odd", bodies).await;
    running.until_distinct(2, Duration::from_secs(20)).await;
    let end = Instant::now() + Duration::from_secs(20);
    while running.seen.lock().unwrap().poison.len() < 2 {
        assert!(Instant::now() < end, "the poison did not arrive");
        sleep(Duration::from_millis(50)).await;
    }
    let poison = std::mem::take(&mut running.seen.lock().unwrap().poison);
    let packed = poison.iter().find(|poison| poison.raw == zstd).unwrap();
    assert!(packed.message.contains("`zstd`") && packed.code == "invalid_json");
    assert!(poison.iter().any(|poison| poison.code == "truncated"));
    // Quarantined is acknowledged: nothing comes again.
    sleep(Duration::from_secs(15)).await;
    assert_eq!(running.seen.lock().unwrap().poison.len(), 0);
    running.stop().await;
}

async fn limits_are_those_of_the_service(proxy: &Proxy) {
    let endpoint = proxy.endpoint.clone();
    let started = tokio::task::spawn_blocking(move || {
        large::service(&[
            ("kind", "grpc"),
            ("endpoint", &endpoint),
            ("topic", "large"),
            ("group", &group("large")),
        ])
    });
    let service = started.await.unwrap();
    send(&proxy.endpoint, "large", [large::body().into_bytes()]).await;
    let arriving = tokio::task::spawn_blocking(move || large::arrives(&service));
    arriving.await.unwrap();
}

async fn many_events(proxy: &Proxy) {
    let events: usize = std::env::var("GRPC_EVENTS").map_or(10_000, |text| text.parse().unwrap());
    // A group that is new starts at the end: poll once before sending.
    let mut running = Running::start(source(&proxy.endpoint, "many"));
    running.until_ready().await;
    let took = running.stop().await;
    assert!(
        took < Duration::from_secs(8),
        "an idle source took {took:?} to end"
    );

    let sending = Instant::now();
    send(&proxy.endpoint, "many", (0..events).map(notice)).await;
    println!(
        "sent {:.0}/s",
        events as f64 / sending.elapsed().as_secs_f64()
    );

    let running = Running::start(source(&proxy.endpoint, "many"));
    let most = events * 9 / 10;
    running.until_distinct(most, Duration::from_secs(60)).await;
    let first = running.seen.lock().unwrap().first.unwrap();
    println!(
        "received {:.0}/s",
        most as f64 / first.elapsed().as_secs_f64()
    );
    // The polls that were open when the first source ended took some along;
    // those come once they are no longer hidden.
    running
        .until_distinct(events, Duration::from_secs(60))
        .await;
    // Longer than they stay hidden: what was not acknowledged would come again.
    let before = running.again();
    sleep(Duration::from_secs(20)).await;
    assert_eq!(running.again(), before, "acknowledged events came again");
    assert!(before < events / 20, "{before} came twice before");
    running.stop().await;

    // Nor are they left for the next one.
    let mut next = Running::start(source(&proxy.endpoint, "many"));
    next.until_ready().await;
    sleep(Duration::from_secs(3)).await;
    assert_eq!(next.distinct(), 0);
    next.stop().await;
}

async fn uncommitted_events_come_again(proxy: &Proxy) {
    let mut running = Running::start(source(&proxy.endpoint, "again"));
    running.until_ready().await;
    running.commits.store(false, Ordering::Relaxed);
    send(&proxy.endpoint, "again", (0..300).map(notice)).await;
    let reason = running.until_failing().await;
    assert!(reason.contains("did not commit"), "{reason}");
    let uncommitted: Vec<String> = {
        running.commits.store(true, Ordering::Relaxed);
        let mut seen = running.seen.lock().unwrap();
        seen.channels.drain().map(|(channel, _)| channel).collect()
    };
    assert!(!uncommitted.is_empty());

    running.until_distinct(300, Duration::from_secs(90)).await;
    running.until_ready().await;
    let before = running.again();
    sleep(Duration::from_secs(15)).await;
    assert_eq!(running.again(), before, "acknowledged events came again");
    running.stop().await;
}

async fn a_dead_endpoint_is_told_and_mended(proxy: &Proxy) {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let mut running = Running::start(source(&address.to_string(), "later"));
    let reason = running.until_failing().await;
    assert!(
        reason.contains(&format!(
            "no connection to the RocketMQ proxy at `{address}`"
        )) && reason.contains("refused"),
        "{reason}"
    );
    sleep(Duration::from_secs(2)).await;
    Wire::default()
        .listen(address, proxy.endpoint.clone())
        .await;
    running.until_ready().await;
    running.stop().await;

    let mut absent = Running::start(source(&proxy.endpoint, "absent"));
    let reason = absent.until_failing().await;
    assert!(reason.contains("create topic `absent`"), "{reason}");
    // The proxy, once asked, says so for 20 s more.
    tokio::task::block_in_place(|| proxy.cluster.create_topic("absent", 8)).unwrap();
    let ready = |health: &Health| *health == Health::Ready;
    absent.until(Duration::from_secs(35), ready).await;
    absent.stop().await;
}

async fn damage_on_the_wire_reaches_nobody(proxy: &Proxy) {
    let address = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap();
    let wire = Wire::default();
    wire.listen(address, proxy.endpoint.clone()).await;

    // The library panics on a status that it does not know.
    wire.unknown_status.store(true, Ordering::Relaxed);
    let mut running = Running::start(source(&address.to_string(), "damaged"));
    let reason = running.until_failing().await;
    assert!(reason.contains("does not understand"), "{reason}");
    wire.unknown_status.store(false, Ordering::Relaxed);
    running.until_ready().await;

    // It spins on a control stream that was reset.
    wire.reset.notify_waiters();
    let reason = running.until_failing().await;
    assert!(reason.contains("span on a stream"), "{reason}");
    running.until_ready().await;

    send(&proxy.endpoint, "damaged", (0..100).map(notice)).await;
    running.until_distinct(100, Duration::from_secs(30)).await;
    running.stop().await;
}

async fn a_killed_proxy_is_survived(proxy: &mut Proxy) {
    let mut running = Running::start(source(&proxy.endpoint, "killed"));
    running.until_ready().await;
    send(&proxy.endpoint, "killed", (0..2_000).map(notice)).await;
    running.until_distinct(500, Duration::from_secs(20)).await;

    tokio::task::block_in_place(|| proxy.cluster.kill_broker());
    let reason = running.until_failing().await;
    assert!(reason.contains(&proxy.endpoint), "{reason}");
    tokio::task::block_in_place(|| proxy.cluster.start_broker()).unwrap();
    running.until_ready().await;

    send(&proxy.endpoint, "killed", (2_000..4_000).map(notice)).await;
    running.until_distinct(4_000, Duration::from_secs(60)).await;
    let channels: HashSet<String> = (0..4_000).map(|number: usize| number.to_string()).collect();
    let seen = running
        .seen
        .lock()
        .unwrap()
        .channels
        .keys()
        .cloned()
        .collect();
    assert_eq!(channels, seen);
    running.stop().await;
}

#[tokio::test]
async fn refuses_tls_and_says_why() {
    let mut config = Config::new("proxy:8081", "events", "GID_presence");
    config.tls = true;
    let (intake, _deliveries) = mqtt_presence::pipeline::Intake::new(1);
    let context = mqtt_presence::source::Context {
        intake,
        shutdown: tokio_util::sync::CancellationToken::new(),
        health: tokio::sync::watch::channel(Health::Starting).0,
    };
    use mqtt_presence::source::Source;
    let source = Box::new(mqtt_presence::source::grpc::Grpc::new(config));
    let error = source.run(context).await.unwrap_err().to_string();
    assert!(
        error.starts_with("source `grpc`: `tls = true` is not possible")
            && error.contains("remoting"),
        "{error}"
    );
}
