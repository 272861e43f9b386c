//! `trace = true`: the service tells the way of each message, and so does the
//! server's own tool.

use std::path::Path;
use std::time::{Duration, Instant};

use mqtt_presence::source::remoting::{Config, Producer};
use serde_json::Value;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::harness::{blocking, events};
use crate::support::{Service, run};

const GROUP: &str = "GID_trace";
/// The first client of the harness.
const CLIENT: &str = "GID_a@@@0";

struct Tracing(Service);

impl Tracing {
    fn start(namesrv: &str, folder: &Path) -> Tracing {
        let settings = [
            "--set=source.0.kind=remoting".to_owned(),
            format!("--set=source.0.namesrv={namesrv}"),
            "--set=source.0.topic=events".to_owned(),
            format!("--set=source.0.group={GROUP}"),
            "--set=source.0.trace=true".to_owned(),
        ];
        let settings = settings.each_ref().map(String::as_str);
        Tracing(Service::sqlite(&folder.join("presence.db"), &settings))
    }

    /// The number of a metric, 0 before it is there.
    fn metric(&self, name: &str) -> f64 {
        let text = self.0.get("/metrics").text;
        let lines = text.lines().filter(|line| !line.starts_with('#'));
        let of_name = lines.filter_map(|line| line.strip_prefix(name));
        of_name
            .map(|line| line.rsplit_once(' ').unwrap().1.parse::<f64>().unwrap())
            .sum()
    }

    fn messages(&self, id: &str) -> Vec<Value> {
        let path = format!("/v1/trace/{}", id.replace('@', "%40"));
        let answer = self.0.get(&path);
        assert_eq!(answer.status, 200, "{}", answer.text);
        answer.json["messages"].as_array().unwrap().clone()
    }
}

async fn until(what: &str, limit: u64, done: impl Fn() -> bool) {
    let end = Instant::now() + Duration::from_secs(limit);
    while !done() {
        assert!(Instant::now() < end, "{what}: not after {limit} s");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}

fn number(value: &Value) -> u64 {
    value
        .as_u64()
        .unwrap_or_else(|| panic!("{value} is no time"))
}

pub async fn is_told(version: &'static str) {
    let dir = tempfile::tempdir().unwrap();
    let options = StartOptions::new(version, dir.path().join("rocketmq")).topic("events", 4);
    let cluster = blocking(|| Cluster::start(options)).await.unwrap();
    let producer = Producer::start(&Config::new(cluster.namesrv(), "events", "GID_writer"))
        .await
        .unwrap();
    let service = Tracing::start(cluster.namesrv(), dir.path());
    producer.send(&events("a", 2_000)).await.unwrap();
    producer.send_raw("connect", "x", "no json").await.unwrap();
    let taken = "mqtt_presence_events_total";
    until("all events", 90, || service.metric(taken) >= 2_000.0).await;
    let rejected = "mqtt_presence_rejected_total";
    until("the rejected one", 30, || service.metric(rejected) >= 1.0).await;

    // By client: two messages, the second after the first, each with its steps.
    let told = || {
        let messages = service.messages(CLIENT);
        messages.len() == 2 && messages.iter().all(|one| one["acknowledged"].is_u64())
    };
    until("acknowledged", 30, told).await;
    let messages = service.messages(CLIENT);
    for message in &messages {
        let steps = ["born", "stored", "delivered", "committed", "acknowledged"];
        let times: Vec<u64> = steps.iter().map(|step| number(&message[step])).collect();
        assert!(times.is_sorted(), "one clock, so in order: {message}");
        assert_eq!(message["topic"], "events");
        assert_eq!(message["broker"], "broker-a");
        assert!(number(&message["queue"]) < 4 && message["offset"].is_u64());
        assert_eq!(message["clientIds"], serde_json::json!([CLIENT]));
        assert_eq!(message["missing"], Value::Null);
    }
    let changed: Vec<&Value> = messages
        .iter()
        .flat_map(|one| one["transitions"].as_array().unwrap())
        .collect();
    let cause = &changed[0]["cause"];
    let message = messages
        .iter()
        .find(|one| one["messageId"] == cause["messageId"])
        .unwrap();
    for key in ["topic", "queue", "offset"] {
        assert_eq!(cause[key], message[key], "{key} of {cause}");
    }

    // By message: the same, and as people see it.
    let id = message["messageId"].as_str().unwrap().to_owned();
    assert_eq!(service.messages(&id), std::slice::from_ref(message));
    let (code, table, _) = run(&["trace", &id, "--url", &service.0.url]);
    assert_eq!(code, 0);
    for part in ["stored", "committed", "acknowledged", "+", CLIENT, &id] {
        assert!(table.contains(part), "{table} lacks {part}");
    }
    println!("{table}");

    // One that was rejected.
    let quarantine = service.0.get("/v1/quarantine").json;
    let origin = &quarantine["records"][0]["origin"];
    let bad = service.messages(origin["messageId"].as_str().unwrap());
    assert_eq!(bad[0]["rejected"][0]["code"], "invalid_json");
    for key in ["topic", "queue", "offset"] {
        assert_eq!(bad[0][key], origin[key], "{key} of {origin}");
    }

    // The server's own tool reads what was written for it.
    let written = "mqtt_presence_trace_written_total";
    until("the traces", 60, || service.metric(written) >= 4_002.0).await;
    assert_eq!(service.metric("mqtt_presence_trace_lost_total"), 0.0);
    let asked = id.clone();
    let (cluster, printed) = blocking(move || {
        let printed = cluster.admin(&["queryMsgTraceById", "-i", &asked]).unwrap();
        (cluster, printed)
    })
    .await;
    println!("{printed}");
    let line = printed.lines().find(|line| line.contains(GROUP));
    let line = line.unwrap_or_else(|| panic!("no {GROUP} in {printed}"));
    assert!(
        line.starts_with("Sub") && line.contains("success"),
        "{line}"
    );

    // After a restart the change is known, its times are not.
    drop(service);
    let service = Tracing::start(cluster.namesrv(), dir.path());
    let again = service.messages(&id);
    assert_eq!(again.len(), 1);
    assert_eq!(again[0]["transitions"], message["transitions"]);
    assert_eq!(again[0]["offset"], message["offset"]);
    assert!(
        again[0]["missing"]
            .as_str()
            .unwrap()
            .contains("before this instance was started"),
        "{}",
        again[0]
    );
    producer.shutdown().await;
}

pub async fn without_its_topic(version: &'static str) {
    let dir = tempfile::tempdir().unwrap();
    let options = StartOptions::new(version, dir.path().join("rocketmq"))
        .topic("events", 4)
        .broker_line("traceTopicEnable=false");
    let cluster = blocking(|| Cluster::start(options)).await.unwrap();
    let producer = Producer::start(&Config::new(cluster.namesrv(), "events", "GID_writer"))
        .await
        .unwrap();
    let service = Tracing::start(cluster.namesrv(), dir.path());
    // More than wait for the topic.
    for _ in 0..10 {
        producer.send(&events("a", 10_000)).await.unwrap();
    }
    let taken = "mqtt_presence_events_total";
    until("all events", 120, || service.metric(taken) >= 100_000.0).await;
    let lost = "mqtt_presence_trace_lost_total";
    until("the losses", 60, || service.metric(lost) > 1_000.0).await;
    assert_eq!(service.metric("mqtt_presence_trace_written_total"), 0.0);
    assert!(!service.messages(CLIENT).is_empty());
    tokio::time::sleep(Duration::from_secs(12)).await;
    let ready = service.0.get("/readyz");
    assert_eq!(ready.status, 200, "{}", ready.text);
    let log = service.0.log();
    let warnings = log.matches("trace records could not be written").count();
    assert_eq!(warnings, 1, "{log}");
    producer.shutdown().await;
}
