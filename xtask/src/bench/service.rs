//! `mqtt-presence serve` of the release build, and what it has stored.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use super::program;
use crate::child::{self, Running};
use crate::http;

pub(super) struct Service {
    running: Running,
    pub(super) port: u16,
}

impl Service {
    /// Starts it in this folder; `api` are further lines of `[api]`, `parts`
    /// the store and the source.
    pub(super) fn start(folder: &Path, api: &str, parts: &str) -> Result<Service, String> {
        let config = folder.join("mqtt-presence.toml");
        let port = http::free_port(0)?;
        let text = format!("[api]\nbind = \"127.0.0.1:{port}\"\n{api}\n{parts}");
        fs::write(&config, text)
            .map_err(|error| format!("cannot write `{}`: {error}", config.display()))?;
        println!("\n==> mqtt-presence serve");
        let running = child::spawn(
            Command::new(program())
                .arg("serve")
                .arg("--config")
                .arg(&config),
        )?;
        Ok(Service { running, port })
    }

    /// Seconds from the last look that saw nothing to the first that saw so
    /// many events stored.
    pub(super) fn until_stored(&mut self, events: u64, limit: Duration) -> Result<f64, String> {
        let end = Instant::now() + limit;
        let mut began = Instant::now();
        loop {
            let stored = self.stored()?;
            if stored == 0 {
                began = Instant::now();
            }
            if stored >= events {
                return Ok(began.elapsed().as_secs_f64());
            }
            if Instant::now() > end {
                return Err(format!(
                    "only {stored} of {events} events were stored after {} s",
                    limit.as_secs()
                ));
            }
            std::thread::sleep(Duration::from_millis(100));
        }
    }

    /// Waits until `GET path` answers 200.
    pub(super) fn until_found(&mut self, path: &str, limit: Duration) -> Result<(), String> {
        let end = Instant::now() + limit;
        while Instant::now() < end {
            if let Some((200, _)) = self.get(path)? {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(format!("`{path}` was not found in {} s", limit.as_secs()))
    }

    /// Clients that it knows.
    pub(super) fn clients(&mut self) -> Result<u64, String> {
        let stats = self.stats()?;
        stats["clients"]
            .as_u64()
            .ok_or_else(|| "/v1/stats names no `clients`".to_owned())
    }

    /// Events that it says it has stored; 0 while it starts.
    pub(super) fn stored(&mut self) -> Result<u64, String> {
        let stats = self.stats()?;
        let kinds = stats["records"]["accepted"].as_object();
        let counts = kinds.into_iter().flat_map(serde_json::Map::values);
        Ok(counts.filter_map(serde_json::Value::as_u64).sum())
    }

    /// Null while it starts.
    fn stats(&mut self) -> Result<serde_json::Value, String> {
        match self.get("/v1/stats")? {
            Some((200, body)) => {
                serde_json::from_str(&body).map_err(|error| format!("/v1/stats: {error}"))
            }
            _ => Ok(serde_json::Value::Null),
        }
    }

    fn get(&mut self, path: &str) -> Result<Option<(u16, String)>, String> {
        match self.running.ended() {
            Some(status) => Err(format!("mqtt-presence serve ended with {status}")),
            None => Ok(http::get(self.port, path).ok()),
        }
    }

    /// The most memory that it ever had, in megabytes.
    pub(super) fn most_memory(&self) -> Result<f64, String> {
        let bytes = self.running.memory("VmHWM");
        let bytes = bytes.ok_or("mqtt-presence serve has ended")?;
        Ok(bytes as f64 / 1e6)
    }

    /// Ends it in order.
    pub(super) fn stop(self) -> Result<(), String> {
        self.stop_within(Duration::from_secs(20))
    }

    /// The same where much is left to be written.
    pub(super) fn stop_within(self, limit: Duration) -> Result<(), String> {
        self.running.stop("TERM", limit).map(drop)
    }

    /// Ends it by SIGKILL.
    pub(super) fn kill(self) {
        self.running.kill();
    }
}
