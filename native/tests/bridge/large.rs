//! Large messages that nobody can read do not stop the bridge.

use std::fs::File;
use std::net::TcpStream;
use std::process::{Command, Stdio};
use std::time::Duration;

use rumqttc::{Event, MqttOptions, Packet, QoS};
use serde_json::Value;
use xtask::child::spawn;
use xtask::http;
use xtask::mosquitto::Mosquitto;

use crate::road::{BINARY, eventually};

/// As large as the bridge takes them.
const LARGE: usize = 1_000_000;
const MANY: usize = 12;

#[test]
fn large_messages_that_nobody_can_read_are_cut_and_the_bridge_goes_on() {
    let folder = tempfile::tempdir().unwrap();
    let access = "allow_anonymous true\nlog_type subscribe";
    let broker = Mosquitto::start(&folder.path().join("mosquitto"), access).unwrap();
    let port = http::free_port(0).unwrap();
    let log = |name: &str| File::create(folder.path().join(name)).unwrap();
    let mut serve = Command::new(BINARY);
    serve
        .args(["serve", "--store", "memory", "--bind"])
        .arg(format!("127.0.0.1:{port}"))
        .stderr(log("serve.log"));
    let _service = spawn(&mut serve).unwrap();
    eventually("the service listens", || {
        TcpStream::connect(("127.0.0.1", port)).is_ok()
    });
    let mut bridge = Command::new(BINARY);
    bridge
        .args(["bridge", "--format-in", "generic"])
        .args(["--listen-to", "lifecycle", "--from"])
        .arg(broker.url())
        .args(["--to", &format!("http://127.0.0.1:{port}"), "--state"])
        .arg(folder.path().join("bridge.state"))
        .stdout(Stdio::null())
        .stderr(log("bridge.log"));
    let bridge = spawn(&mut bridge).unwrap();
    let said = || std::fs::read_to_string(folder.path().join("bridge.log")).unwrap();
    eventually("the bridge has subscribed", || {
        broker.log().contains("lifecycle")
    });

    let mut options = MqttOptions::new("extension", "127.0.0.1", broker.port());
    options.set_max_packet_size(1 << 20, 1 << 21);
    let (client, mut connection) = rumqttc::Client::new(options, 2 * MANY);
    // In JSON each of its bytes takes six.
    for _ in 0..MANY {
        client
            .publish("lifecycle", QoS::AtLeastOnce, false, vec![1; LARGE])
            .unwrap();
    }
    let notice = r#"{"clientId":"after","channelId":"c","eventType":"connect"}"#;
    client
        .publish("lifecycle", QoS::AtLeastOnce, false, notice)
        .unwrap();
    let mut taken = 0;
    while taken <= MANY {
        let event = connection.recv().unwrap().unwrap();
        taken += usize::from(matches!(event, Event::Incoming(Packet::PubAck(_))));
    }
    let asked = |path: &str| -> Value {
        let answer = http::get(port, path).ok();
        answer
            .and_then(|(_, body)| serde_json::from_str(&body).ok())
            .unwrap_or_default()
    };
    eventually("what comes after them is heard", || {
        asked("/v1/clients/after")["status"] == "online"
    });
    let kept = asked("/v1/quarantine?limit=100");
    let kept = kept["records"].as_array().unwrap();
    assert_eq!(kept.len(), MANY, "{}", said());
    for record in kept {
        assert_eq!(record["code"], "missing_field", "{record}");
        let raw = record["raw"].as_str().unwrap();
        let raw: Value = serde_json::from_str(raw).unwrap();
        let payload = raw["payload"].as_str().unwrap();
        assert!(payload.ends_with("\u{1}…"), "{} bytes", payload.len());
    }
    let status = bridge.stop("INT", Duration::from_secs(5)).unwrap();
    assert_eq!(status.code(), Some(0), "{}", said());
}
