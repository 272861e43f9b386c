//! Devices with Eclipse Paho for Java, each a process of its own.

use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;

use crate::road::{Road, row};

struct Device(Child);

impl Device {
    fn start(road: &Road, id: &str, keep_alive: u32) -> Device {
        let java = Command::new("java")
            .args([
                "-Xmx64m",
                "-XX:+UseSerialGC",
                "-XX:TieredStopAtLevel=1",
                "-cp",
            ])
            .arg(programs())
            .args([
                "Device",
                &format!("tcp://127.0.0.1:{}", road.broker.port()),
                id,
            ])
            .arg(keep_alive.to_string())
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        Device(java)
    }

    fn stand_still(&self) {
        let id = self.0.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-s", "STOP", &id])
                .status()
                .unwrap()
                .success()
        );
    }

    /// It says goodbye when its input ends.
    fn goodbye(mut self) {
        drop(self.0.stdin.take());
        assert!(self.0.wait().unwrap().success());
    }
}

/// SIGKILL.
impl Drop for Device {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Where the Java programs are, once they are built.
pub fn programs() -> String {
    static BUILT: OnceLock<String> = OnceLock::new();
    let build = || {
        let folder = xtask::place::target().join("bridge").join("java");
        let source = xtask::place::root().join("tests/bridge/java");
        xtask::maven::build("build the Java device and broker", &source, &folder).unwrap();
        xtask::maven::class_path(&folder)
    };
    BUILT.get_or_init(build).clone()
}

#[test]
fn paho_devices_are_answered_within_two_seconds() {
    let road = Road::over_http();
    let seen = || road.broker.log().len();

    let from = seen();
    let device = Device::start(&road, "java goodbye", 60);
    road.comes_online(from, "java goodbye");
    device.goodbye();
    let line = "Client java goodbye disconnected.";
    let took = road.answers(from, line, "java goodbye", "offline", &["disconnect"]);
    row("Paho Java", "clean stop", "offline, disconnect", took);

    let from = seen();
    let device = Device::start(&road, "java killed", 60);
    road.comes_online(from, "java killed");
    drop(device);
    let line = "Client java killed closed its connection.";
    let took = road.answers(from, line, "java killed", "offline", &["tcpclean"]);
    row(
        "Paho Java",
        "killed process, with a will",
        "offline, tcpclean",
        took,
    );

    let from = seen();
    let device = Device::start(&road, "java silent", 2);
    road.comes_online(from, "java silent");
    device.stand_still();
    let line = "Client java silent has exceeded timeout";
    let took = road.answers(from, line, "java silent", "offline", &["tcpclean"]);
    row("Paho Java", "keep-alive", "offline, tcpclean", took);
    drop(device);

    let from = seen();
    let first = Device::start(&road, "java taken", 60);
    road.comes_online(from, "java taken");
    let second = Device::start(&road, "java taken", 60);
    let line = "Client java taken already connected, closing old connection.";
    let took = road.answers(from, line, "java taken", "online", &["tcpclean", "open"]);
    row(
        "Paho Java",
        "takeover",
        "online, the older one tcpclean",
        took,
    );
    drop((first, second));
    road.end();
}
