//! Moquette, with an extension that publishes JSON of its own.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;
use xtask::http;

use crate::paho::programs;
use crate::road::{Broker, Road, eventually, row_of};
use crate::rumqtt::{connect, goodbye};

pub struct Moquette {
    child: Child,
    port: u16,
    list: u16,
    log: PathBuf,
}

impl Moquette {
    /// It ends with its standard input, so it does not outlive the test.
    pub fn start(folder: &Path) -> Moquette {
        let port = http::free_port(0).unwrap();
        let list = http::free_port(0).unwrap();
        let log = folder.join("moquette.log");
        let child = Command::new("java")
            .args([
                "-Xmx128m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
            ])
            .arg(programs())
            .args(["Broker", &port.to_string()])
            .arg(folder)
            .arg(list.to_string())
            .stdin(Stdio::piped())
            .stdout(File::create(&log).unwrap())
            .stderr(File::create(folder.join("moquette.err")).unwrap())
            .spawn()
            .unwrap();
        let broker = Moquette {
            child,
            port,
            list,
            log,
        };
        eventually("Moquette has started", || broker.log().contains("started"));
        broker
    }

    /// Where its own list of who is connected is.
    pub fn list(&self) -> String {
        format!("http://127.0.0.1:{}/clients", self.list)
    }
}

impl Drop for Moquette {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Broker for Moquette {
    const NAME: &'static str = "Moquette";
    fn port(&self) -> u16 {
        self.port
    }
    fn log(&self) -> String {
        std::fs::read_to_string(&self.log).unwrap_or_default()
    }
    fn came(id: &str) -> String {
        told("CONNECTED", id)
    }
}

pub fn told(what: &str, id: &str) -> String {
    format!("\"what\":\"{what}\",\"id\":\"{id}\"")
}

/// From this broker to a service, with more said to the bridge.
pub fn over_http(folder: TempDir, broker: Moquette, more: &[String]) -> Road<Moquette> {
    let port = http::free_port(0).unwrap();
    let bind = format!("127.0.0.1:{port}");
    let serve = ["--store", "memory", "--bind", &bind].map(String::from);
    let target = format!("http://{bind}");
    let mut flags = vec!["--to", &target, "--format-in", "generic"];
    flags.extend(["--listen-to", "lifecycle/clients"]);
    for field in [
        "client=id",
        "kind=what",
        "connect=CONNECTED",
        "disconnect=DISCONNECTED",
        "tcpclean=LOST",
        "time=at",
        "channel=connection",
        "list=clients",
    ] {
        flags.extend(["--field", field]);
    }
    flags.extend(more.iter().map(String::as_str));
    Road::begin(folder, broker, port, &serve, &flags)
}

#[test]
fn an_extension_of_another_broker_is_answered_within_two_seconds() {
    let folder = tempfile::tempdir().unwrap();
    let broker = Moquette::start(folder.path());
    let road = over_http(folder, broker, &[]);
    let port = road.broker.port();
    let seen = || road.broker.log().len();
    let row = |case: &str, answer: &str, took: Duration| {
        row_of::<Moquette>("rumqttc", case, answer, took);
    };

    let from = seen();
    let device = connect(port, "clean stop", 60);
    road.comes_online(from, "clean stop");
    goodbye(device);
    let line = told("LOST", "clean stop");
    let took = road.answers(from, &line, "clean stop", "offline", &["both"]);
    row("clean stop", "offline, disconnect and tcpclean", took);

    let from = seen();
    let device = connect(port, "cut off", 60);
    road.comes_online(from, "cut off");
    drop(device);
    let line = told("LOST", "cut off");
    let took = road.answers(from, &line, "cut off", "offline", &["tcpclean"]);
    row("cut off", "offline, tcpclean", took);

    let from = seen();
    let silent = connect(port, "silent", 1);
    let line = told("LOST", "silent");
    let took = road.answers(from, &line, "silent", "offline", &["tcpclean"]);
    row("keep-alive", "offline, tcpclean", took);
    drop(silent);

    // The older connection's end is told after the newer one's begin.
    let from = seen();
    let first = connect(port, "taken", 60);
    road.comes_online(from, "taken");
    let second = connect(port, "taken", 60);
    let line = told("LOST", "taken");
    let took = road.answers(from, &line, "taken", "online", &["tcpclean", "open"]);
    row("takeover", "online, the older one tcpclean", took);
    drop((first, second));
    road.end();
}
