//! `mqtt-presence bridge` beside a real Mosquitto, with real MQTT clients.
#![cfg(feature = "bridge")]

use std::fs::File;
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rumqttc::{Client, Connection, Event, LastWill, MqttOptions, Packet, QoS};
use serde_json::Value;
use tempfile::TempDir;
use xtask::child::{Running, spawn};

const BINARY: &str = env!("CARGO_BIN_EXE_mqtt-presence");
const PATIENCE: Duration = Duration::from_secs(20);

struct Broker {
    port: u16,
    folder: TempDir,
    _running: Running,
}

impl Broker {
    fn start(access: &str) -> Broker {
        let port = TcpListener::bind("127.0.0.1:0")
            .unwrap()
            .local_addr()
            .unwrap()
            .port();
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mosquitto.conf");
        let text = format!(
            "listener {port} 127.0.0.1\nlog_dest topic\nlog_type all\nconnection_messages true\n\
             max_queued_messages 0\nsys_interval 1\n{access}\n"
        );
        std::fs::write(&file, text).unwrap();
        let mut command = Command::new("mosquitto");
        command
            .arg("-c")
            .arg(&file)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let running = spawn(&mut command).unwrap();
        eventually("Mosquitto listens", || {
            TcpStream::connect(("127.0.0.1", port)).is_ok()
        });
        Broker {
            port,
            folder,
            _running: running,
        }
    }

    fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    fn bridge(&self) -> Running {
        let output = File::create(self.output()).unwrap();
        let mut command = Command::new(BINARY);
        command
            .args([
                "bridge",
                "--to",
                "stdout",
                "--client-id",
                "bridge",
                "--from",
                &self.url(),
            ])
            .stdout(output)
            .stderr(Stdio::null());
        let running = spawn(&mut command).unwrap();
        // The bridge hears of others only once it has subscribed.
        eventually("the bridge hears", || {
            drop(self.connect(self.options("probe")));
            !self.events("probe").is_empty()
        });
        running
    }

    fn output(&self) -> std::path::PathBuf {
        self.folder.path().join("events.ndjson")
    }

    fn options(&self, id: &str) -> MqttOptions {
        let mut options = MqttOptions::new(id, "127.0.0.1", self.port);
        options.set_keep_alive(Duration::from_secs(60));
        options
    }

    fn connect(&self, options: MqttOptions) -> (Client, Connection) {
        let (client, mut connection) = Client::new(options, 10);
        let answer = connection.recv().unwrap().unwrap();
        assert!(
            matches!(answer, Event::Incoming(Packet::ConnAck(_))),
            "{answer:?}"
        );
        (client, connection)
    }

    /// Kind by kind what the bridge said of a client.
    fn events(&self, client: &str) -> Vec<String> {
        lines(&self.output())
            .iter()
            .filter(|event| event["clientId"] == client)
            .map(|event| event["eventType"].as_str().unwrap().to_owned())
            .collect()
    }

    fn expect(&self, client: &str, events: &[&str]) {
        eventually(&format!("`{client}` reads {events:?}"), || {
            self.events(client) == events
        });
    }
}

fn lines(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).unwrap();
    let whole = text.rfind('\n').map_or("", |end| &text[..end]);
    whole
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
        .collect()
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "not so: {what}");
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn each_way_to_end_is_told_apart() {
    let broker = Broker::start("allow_anonymous true");
    let bridge = broker.bridge();

    let odd = "clean stop (p2, c1, k60). as x";
    let (client, mut connection) = broker.connect(broker.options(odd));
    client.disconnect().unwrap();
    while connection.recv().is_ok_and(|event| event.is_ok()) {}
    broker.expect(odd, &["connect", "disconnect"]);

    drop(broker.connect(broker.options("killed")));
    broker.expect("killed", &["connect", "tcpclean"]);

    let mut options = broker.options("will");
    options.set_last_will(LastWill::new("will", "gone", QoS::AtLeastOnce, false));
    drop(broker.connect(options));
    broker.expect("will", &["connect", "tcpclean"]);

    let mut options = broker.options("silent");
    options.set_keep_alive(Duration::from_secs(1));
    // Held, but never polled: no pings.
    let silent = broker.connect(options);
    broker.expect("silent", &["connect", "tcpclean"]);
    drop(silent);

    let first = broker.connect(broker.options("taken"));
    let second = broker.connect(broker.options("taken"));
    broker.expect("taken", &["connect", "tcpclean", "connect"]);
    let taken: Vec<Value> = lines(&broker.output())
        .into_iter()
        .filter(|event| event["clientId"] == "taken")
        .collect();
    assert_eq!(taken[0]["channelId"], taken[1]["channelId"]);
    assert_ne!(taken[1]["channelId"], taken[2]["channelId"]);
    drop((first, second));

    let status = bridge.stop("INT", Duration::from_secs(5)).unwrap();
    assert_eq!(status.code(), Some(0));
}

#[test]
fn a_broker_that_refuses_is_a_sentence() {
    let broker = Broker::start("allow_anonymous false");
    let refused = |port: u16| {
        let output = Command::new(BINARY)
            .args([
                "bridge",
                "--to",
                "stdout",
                "--from",
                &format!("mqtt://127.0.0.1:{port}"),
            ])
            .args(["--user", "u"])
            .env("MQTT_PRESENCE_BRIDGE_PASSWORD", "wrong-secret")
            .output()
            .unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(!said.contains("wrong-secret"), "{said}");
        said
    };
    let said = refused(broker.port);
    assert!(
        said.contains("--password-file") || said.contains("password"),
        "{said}"
    );
    let nobody = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    assert!(refused(nobody).contains("cannot reach"));
}
