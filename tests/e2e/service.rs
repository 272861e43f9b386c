//! The service as a process of its own.

use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;
use xtask::child::{self, Running};
use xtask::http;

/// `mqtt-presence serve`, which can be killed and started again.
pub struct Service {
    running: Option<Running>,
    config: PathBuf,
    log: PathBuf,
    port: u16,
}

impl Service {
    /// Starts it with this configuration file, which binds this port.
    pub fn start(config: PathBuf, port: u16) -> Service {
        let log = config.with_extension("log");
        let mut service = Service {
            running: None,
            config,
            log,
            port,
        };
        service.start_again();
        service
    }

    pub fn start_again(&mut self) {
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&self.log)
            .unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_mqtt-presence"));
        command
            .arg("serve")
            .arg("--config")
            .arg(&self.config)
            .stderr(log);
        self.running = Some(child::spawn(&mut command).unwrap());
    }

    /// Resident memory in bytes; `None` while it does not run.
    pub fn resident(&self) -> Option<u64> {
        self.running.as_ref()?.memory("VmRSS")
    }

    /// SIGKILL.
    pub fn kill(&mut self) {
        self.running.take().unwrap().kill();
    }

    /// SIGTERM; it must end well.
    pub fn stop(&mut self) {
        let status = self
            .running
            .take()
            .unwrap()
            .stop("TERM", Duration::from_secs(30))
            .unwrap();
        assert!(
            status.success(),
            "serve ended with {status}\n{}",
            self.log()
        );
    }

    /// Waits until readiness is `ready`.
    pub fn wait(&mut self, ready: bool, patience: Duration) {
        let wanted = if ready { 200 } else { 503 };
        self.until(&format!("/readyz answers {wanted}"), patience, |service| {
            http::get(service.port, "/readyz").is_ok_and(|(status, _)| status == wanted)
        });
    }

    /// Waits until `done`, and shows the log when that does not happen.
    pub fn until(&mut self, what: &str, patience: Duration, done: impl Fn(&Service) -> bool) {
        let end = Instant::now() + patience;
        while !done(self) {
            self.attend(what, end);
        }
    }

    /// Waits until `done` of `/v1/stats`, for as long as records come within
    /// `patience`, and at most ten times that.
    pub fn until_stats(&mut self, what: &str, patience: Duration, done: impl Fn(&Value) -> bool) {
        let last = Instant::now() + 10 * patience;
        let (mut records, mut end) = (Value::Null, last);
        loop {
            let mut stats = self.get("/v1/stats");
            if done(&stats) {
                return;
            }
            let now = stats["records"].take();
            if now != records {
                (records, end) = (now, last.min(Instant::now() + patience));
            }
            self.attend(what, end);
        }
    }

    /// A tenth of a second, in which it must not end.
    fn attend(&mut self, what: &str, end: Instant) {
        let ended = self.running.as_mut().and_then(Running::ended);
        assert!(
            ended.is_none(),
            "serve ended with {ended:?}\n{}",
            self.log()
        );
        assert!(
            Instant::now() < end,
            "waited in vain: {what}\nstats: {:?}\nready: {:?}\n{}",
            http::get(self.port, "/v1/stats"),
            http::get(self.port, "/readyz"),
            self.log()
        );
        std::thread::sleep(Duration::from_millis(100));
    }

    /// The JSON answer of a GET, `Null` while there is none.
    pub fn get(&self, path: &str) -> Value {
        match http::get(self.port, path) {
            Ok((200, body)) => serde_json::from_str(&body).unwrap(),
            _ => Value::Null,
        }
    }

    fn log(&self) -> String {
        let log = std::fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = log.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}
