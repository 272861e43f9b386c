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

    /// Events that it says it has stored; 0 while it starts.
    fn stored(&mut self) -> Result<u64, String> {
        if let Some(status) = self.running.ended() {
            return Err(format!("mqtt-presence serve ended with {status}"));
        }
        let Ok((200, body)) = http::get(self.port, "/v1/stats") else {
            return Ok(0);
        };
        let stats: serde_json::Value =
            serde_json::from_str(&body).map_err(|error| format!("/v1/stats: {error}"))?;
        let kinds = stats["records"]["accepted"]
            .as_object()
            .ok_or("/v1/stats names no `records.accepted`")?;
        Ok(kinds.values().filter_map(serde_json::Value::as_u64).sum())
    }

    /// Ends it in order.
    pub(super) fn stop(self) -> Result<(), String> {
        self.running.stop("TERM", Duration::from_secs(20)).map(drop)
    }
}
