//! A real Mosquitto on a free loopback port, which tells who comes and goes.

use std::fs::{self, File};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use crate::child::{self, Running};
use crate::{http, tool};

/// How long a start may take.
const START: Duration = Duration::from_secs(20);

/// A broker that can be killed and started again on its port.
#[derive(Debug)]
pub struct Mosquitto {
    folder: PathBuf,
    port: u16,
    running: Option<Running>,
}

impl Mosquitto {
    /// Starts it with its files in `folder`; `access` are further lines of its
    /// configuration, such as `allow_anonymous true`.
    pub fn start(folder: &Path, access: &str) -> Result<Mosquitto, String> {
        tool::mosquitto()?;
        let port = http::free_port(0)?;
        let said =
            |error: std::io::Error| format!("cannot write in `{}`: {error}", folder.display());
        fs::create_dir_all(folder).map_err(said)?;
        let text = format!(
            "listener {port} 127.0.0.1\nlog_dest topic\nlog_dest stderr\nlog_type error\nlog_type notice\n\
             connection_messages true\nmax_queued_messages 0\nsys_interval 1\n{access}\n"
        );
        fs::write(folder.join("mosquitto.conf"), text).map_err(said)?;
        let mut mosquitto = Mosquitto {
            folder: folder.to_owned(),
            port,
            running: None,
        };
        mosquitto.start_again()?;
        Ok(mosquitto)
    }

    /// Starts it again on the same port, with nothing remembered.
    pub fn start_again(&mut self) -> Result<(), String> {
        let log = File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("mosquitto.log"))
            .map_err(|error| format!("cannot write Mosquitto's log: {error}"))?;
        let mut command = Command::new("mosquitto");
        command
            .arg("-c")
            .arg(self.folder.join("mosquitto.conf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        let running = self.running.insert(child::spawn(&mut command)?);
        running.wait("mosquitto", "mosquitto.log", START, || {
            TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).is_ok()
        })
    }

    /// SIGKILL, now.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `mqtt://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("mqtt://127.0.0.1:{}", self.port)
    }

    /// Its log on disk, with the same lines that it publishes.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("mosquitto.log")).unwrap_or_default()
    }
}
