//! Devices that connect to a real broker with a real MQTT library, and the
//! bridge that carries what the broker says of them.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use rumqttc::{Client, Connection, Event, MqttOptions, Packet, QoS};

use crate::child::{self, Running};
use crate::mosquitto::Mosquitto;

/// How many there are.
pub const COUNT: u32 = 200;
/// A device that falls silent is noticed after one and a half of these.
const KEEP_ALIVE: Duration = Duration::from_secs(5);
/// Between two messages of a device.
const PACE: Duration = Duration::from_secs(1);

/// A broker, a bridge into `target`, and devices that come and go until the
/// process ends.
pub struct Devices {
    // Dropped in this order: the bridge before the broker it listens to.
    bridge: Running,
    broker: Mosquitto,
}

impl Devices {
    /// Starts all of it. `bridge` is the command `mqtt-presence`.
    pub fn start(mut bridge: Command, target: &str, folder: &Path) -> Result<Devices, String> {
        let broker = Mosquitto::start(&folder.join("mosquitto"), "allow_anonymous true")?;
        bridge
            .args(["bridge", "--from", &broker.url(), "--to", target, "--state"])
            .arg(folder.join("bridge.state"));
        let bridge = child::spawn(&mut bridge)?;
        let port = broker.port();
        for number in 1..=COUNT {
            std::thread::Builder::new()
                .stack_size(256 * 1024)
                .spawn(move || live(number, port))
                .map_err(|error| format!("a device cannot be started: {error}"))?;
        }
        Ok(Devices { bridge, broker })
    }

    /// `mqtt://127.0.0.1:PORT` of the broker.
    pub fn broker(&self) -> String {
        self.broker.url()
    }

    /// The bridge's exit status, once it has ended.
    pub fn ended(&mut self) -> Option<std::process::ExitStatus> {
        self.bridge.ended()
    }
}

/// One device for ever: it connects, publishes, and leaves in one of three ways.
fn live(number: u32, port: u16) {
    // The bridge first, so that it hears of everybody; then a few a second.
    std::thread::sleep(Duration::from_millis(3_000 + u64::from(number) * 20));
    for round in 0.. {
        // Spread without chance, so that every run shows the same.
        let spread = number.wrapping_mul(37).wrapping_add(round * 53) % 100;
        let stay = Duration::from_secs(u64::from(10 + spread));
        match (number + round) % 4 {
            0 | 1 => with_goodbye(number, port, stay),
            2 => drop(session(number, port, stay)),
            _ => {
                // Held but not served: the broker waits for its pings in vain.
                let held = session(number, port, stay);
                std::thread::sleep(KEEP_ALIVE * 2);
                drop(held);
            }
        }
        std::thread::sleep(Duration::from_secs(u64::from(3 + spread / 5)));
    }
}

fn with_goodbye(number: u32, port: u16, stay: Duration) {
    if let Some((client, mut connection)) = session(number, port, stay)
        && client.disconnect().is_ok()
    {
        while connection.recv().is_ok_and(|event| event.is_ok()) {}
    }
}

/// A connection that has published for a while, if the broker let it.
fn session(number: u32, port: u16, stay: Duration) -> Option<(Client, Connection)> {
    let id = name(number);
    let mut options = MqttOptions::new(&id, "127.0.0.1", port);
    options.set_keep_alive(KEEP_ALIVE);
    let (client, mut connection) = Client::new(options, 10);
    let end = Instant::now() + stay;
    let mut next = Instant::now();
    let mut connected = false;
    while Instant::now() < end {
        match connection.recv_timeout(Duration::from_millis(200)) {
            Ok(Ok(Event::Incoming(Packet::ConnAck(_)))) => connected = true,
            Ok(Err(_)) => return None,
            _ => {}
        }
        if connected && Instant::now() > next {
            next = Instant::now() + PACE;
            let topic = format!("devices/{id}/temperature");
            client
                .try_publish(topic, QoS::AtMostOnce, false, "21.5")
                .ok()?;
        }
    }
    Some((client, connection))
}

/// A device's client id.
pub fn name(number: u32) -> String {
    format!("GID_devices@@@device-{number:03}")
}
