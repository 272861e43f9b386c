//! The road from a broker to the answer, with the time it takes.

use std::fs::File;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use rusqlite::OptionalExtension;
use serde_json::Value;
use tempfile::TempDir;
use xtask::child::{Running, spawn};
use xtask::http;
use xtask::mosquitto::Mosquitto;

pub const BINARY: &str = env!("CARGO_BIN_EXE_mqtt-presence");
pub const PATIENCE: Duration = Duration::from_secs(120);
/// From the broker's own notice to the answer.
const AT_MOST: Duration = Duration::from_secs(2);

/// A broker that the bridge listens to.
pub trait Broker {
    const NAME: &'static str;
    fn port(&self) -> u16;
    /// What it has said so far of who comes and goes.
    fn log(&self) -> String;
    /// What of that says that a client came.
    fn came(id: &str) -> String;
}

impl Broker for Mosquitto {
    const NAME: &'static str = "Mosquitto";
    fn port(&self) -> u16 {
        self.port()
    }
    fn log(&self) -> String {
        self.log()
    }
    fn came(id: &str) -> String {
        format!(" as {id} (p")
    }
}

/// A broker, the bridge, and a service that answers.
pub struct Road<B = Mosquitto> {
    // Dropped in this order.
    bridge: Option<Running>,
    service: Running,
    pub broker: B,
    port: u16,
    /// What the bridge is told of target and format.
    flags: Vec<String>,
    folder: TempDir,
}

impl Road {
    /// Through `POST /v1/events`.
    pub fn over_http() -> Road {
        let port = http::free_port(0).unwrap();
        let serve = ["--store", "memory", "--bind", &format!("127.0.0.1:{port}")].map(String::from);
        Road::start(port, &serve, &format!("http://127.0.0.1:{port}"))
    }

    /// Through whatever `serve` is told to read and the bridge to write to.
    pub fn start(port: u16, serve: &[String], target: &str) -> Road {
        let folder = tempfile::tempdir().unwrap();
        let broker = Mosquitto::start(
            &folder.path().join("mosquitto"),
            "allow_anonymous true\nmax_connections -1",
        )
        .unwrap();
        Road::begin(folder, broker, port, serve, &["--to", target])
    }
}

impl<B: Broker> Road<B> {
    /// From this broker, which runs.
    pub fn begin(
        folder: TempDir,
        broker: B,
        port: u16,
        serve: &[String],
        flags: &[&str],
    ) -> Road<B> {
        let log = |name: &str| File::create(folder.path().join(name)).unwrap();
        let mut command = Command::new(BINARY);
        command.arg("serve").args(serve).stderr(log("serve.log"));
        let service = spawn(&mut command).unwrap();
        eventually("the service is ready", || {
            http::get(port, "/readyz").is_ok_and(|(status, _)| status == 200)
        });
        let mut road = Road {
            bridge: None,
            service,
            broker,
            port,
            flags: flags.iter().map(|flag| (*flag).to_owned()).collect(),
            folder,
        };
        road.start_bridge();
        road.is_heard();
        road
    }

    fn start_bridge(&mut self) {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.bridge_log());
        let mut command = Command::new(BINARY);
        command
            .args(["bridge", "--from"])
            .arg(format!("mqtt://127.0.0.1:{}", self.broker.port()))
            .args(&self.flags)
            .arg("--state")
            .arg(self.state())
            .stdout(Stdio::null())
            .stderr(log.unwrap());
        self.bridge = Some(spawn(&mut command).unwrap());
    }

    /// The bridge is killed (-9), something happens, and it is started again.
    pub fn without_bridge(&mut self, meanwhile: impl FnOnce(&Road<B>)) {
        self.bridge.take().unwrap().kill();
        meanwhile(self);
        self.start_bridge();
        self.is_heard();
    }

    /// The bridge stands still while something happens.
    pub fn while_still(&self, meanwhile: impl FnOnce(&B)) {
        let bridge = self.bridge.as_ref().unwrap();
        bridge.signal("the bridge", "STOP").unwrap();
        meanwhile(&self.broker);
        bridge.signal("the bridge", "CONT").unwrap();
    }

    /// The target hangs while something happens.
    pub fn without_target(&self, meanwhile: impl FnOnce(&B)) {
        self.service.signal("the service", "STOP").unwrap();
        meanwhile(&self.broker);
        self.service.signal("the service", "CONT").unwrap();
    }

    /// What the bridge's file has of a client; while the bridge is down.
    pub fn state_of(&self, id: &str) -> Option<String> {
        let state = rusqlite::Connection::open(self.state()).unwrap();
        let row = "SELECT state FROM bridge_client WHERE client_id = ?1";
        state
            .query_one(row, [id], |row| row.get(0))
            .optional()
            .unwrap()
    }

    fn state(&self) -> PathBuf {
        self.folder.path().join("bridge.state")
    }

    /// Waits until the bridge hears of others.
    pub fn is_heard(&self) {
        let probe = format!("probe {}", self.broker.log().len());
        eventually("the bridge hears", || {
            drop(crate::rumqtt::connect(self.broker.port(), &probe, 60));
            self.status(&probe) != "unknown"
        });
    }

    /// The bridge ends well at Ctrl-C.
    pub fn end(self) {
        let status = self
            .bridge
            .unwrap()
            .stop("INT", Duration::from_secs(5))
            .unwrap();
        assert_eq!(status.code(), Some(0));
    }

    pub fn client(&self, id: &str) -> Value {
        let path: String = id.bytes().map(|byte| format!("%{byte:02X}")).collect();
        http::get(self.port, &format!("/v1/clients/{path}"))
            .ok()
            .and_then(|(_, body)| serde_json::from_str(&body).ok())
            .unwrap_or_default()
    }

    pub fn stats(&self) -> Value {
        let (_, body) = http::get(self.port, "/v1/stats").unwrap();
        serde_json::from_str(&body).unwrap()
    }

    fn status(&self, id: &str) -> String {
        let client = self.client(id);
        client["status"].as_str().unwrap_or("no answer").to_owned()
    }

    /// Waits until the broker has let the client in, and the service knows of
    /// it by this channel alone.
    pub fn comes_online(&self, seen: usize, id: &str) {
        self.answers(seen, &B::came(id), id, "online", &["open"]);
    }

    /// Waits for a line of the broker's log after `seen` bytes of it, then for
    /// the answer: the client's status, and how its channels ended, in their order.
    pub fn answers(
        &self,
        seen: usize,
        line: &str,
        id: &str,
        status: &str,
        ends: &[&str],
    ) -> Duration {
        eventually(&format!("the broker says `{line}`"), || {
            self.broker.log()[seen..].contains(line)
        });
        let noticed = Instant::now();
        loop {
            let client = self.client(id);
            if client["status"] == status && endings(&client) == ends {
                return noticed.elapsed();
            }
            assert!(
                noticed.elapsed() < AT_MOST,
                "`{id}` is not {status} with {ends:?} within 2 s of `{line}`: {client:#}\n{}\n{}",
                self.broker.log(),
                std::fs::read_to_string(self.bridge_log()).unwrap()
            );
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    pub fn bridge_log(&self) -> PathBuf {
        self.folder.path().join("bridge.log")
    }
}

/// How each channel ended, the oldest first.
fn endings(client: &Value) -> Vec<&'static str> {
    let mut channels: Vec<_> = client["channels"].as_array().cloned().unwrap_or_default();
    channels.sort_by_key(|channel| channel["connect"]["time"].as_u64());
    channels
        .iter()
        .map(
            |channel| match (&channel["disconnect"], &channel["tcpclean"]) {
                (Value::Null, Value::Null) => "open",
                (_, Value::Null) => "disconnect",
                (Value::Null, _) => "tcpclean",
                _ => "both",
            },
        )
        .collect()
}

/// One line of the table broker × case.
pub fn row(library: &str, case: &str, answer: &str, took: Duration) {
    row_of::<Mosquitto>(library, case, answer, took);
}

/// The same of another broker.
pub fn row_of<B: Broker>(library: &str, case: &str, answer: &str, took: Duration) {
    println!(
        "| {} | {library} | {case} | {answer} | {} ms |",
        B::NAME,
        took.as_millis()
    );
}

pub fn eventually(what: &str, holds: impl Fn() -> bool) {
    let start = Instant::now();
    while !holds() {
        assert!(start.elapsed() < PATIENCE, "not so: {what}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
