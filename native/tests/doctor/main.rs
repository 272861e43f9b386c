//! `doctor` against what is really wrong: real servers, disks and ports.
#![recursion_limit = "512"]
#![allow(clippy::unwrap_used, missing_docs)]

mod machine;
mod older;
#[cfg(all(feature = "remoting", feature = "grpc"))]
mod rocketmq;
mod stores;

use std::process::{Command, Stdio};

use serde_json::Value;

pub const BINARY: &str = env!("CARGO_BIN_EXE_mqtt-presence");

/// A command without what the developer's environment may hold.
pub fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars()
        .filter(|(name, _)| name.starts_with("MQTT_PRESENCE_") || name == "RUST_LOG")
    {
        command.env_remove(name);
    }
    command.stdin(Stdio::null());
    command
}

/// What the doctor said.
pub struct Report {
    pub code: i32,
    pub json: Value,
}

/// The doctor's answer on this configuration, with a free port.
pub fn doctor(settings: &[&str]) -> Report {
    examined(command(BINARY), settings)
}

/// The same, by a command that starts it.
pub fn examined(mut command: Command, settings: &[&str]) -> Report {
    command.args(["doctor", "--format", "json"]);
    if !settings.contains(&"--bind") {
        command.args(["--bind", "127.0.0.1:0"]);
    }
    let output = command.args(settings).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(
        !said.contains("trying again"),
        "the doctor tries once: {said}"
    );
    let json =
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    Report {
        code: output.status.code().unwrap(),
        json,
    }
}

impl Report {
    /// It has this finding, of this severity, with these words in it; the exit
    /// code fits, and what is wrong has something to do.
    #[track_caller]
    pub fn has(&self, name: &str, severity: &str, words: &str) {
        let all = self.json["findings"].as_array().unwrap();
        let found = all.iter().find(|one| one["name"] == name);
        let found = found.unwrap_or_else(|| panic!("no `{name}` in {:#}", self.json));
        assert_eq!(found["severity"], severity, "{found:#}");
        let text = format!("{}; {}", found["message"], found["do"]);
        assert!(text.contains(words), "`{text}` lacks `{words}`");
        for one in all {
            assert_eq!(one["severity"] == "ok", one["do"].is_null(), "{one:#}");
            assert!(!one.to_string().contains("trying again"), "{one:#}");
        }
        let errors = all.iter().filter(|one| one["severity"] == "error").count();
        assert_eq!(self.json["errors"], errors);
        assert_eq!(self.code, i32::from(errors > 0));
    }

    /// Nothing is wrong.
    #[track_caller]
    pub fn is_well(&self) {
        assert_eq!(self.json["errors"], 0, "{:#}", self.json);
        assert_eq!(self.code, 0);
    }
}

/// The doctor an hour ahead of the servers.
pub fn an_hour_ahead() -> Command {
    let mut command = command("faketime");
    command
        .args(["-f", "+1h", BINARY])
        .env("DONT_FAKE_MONOTONIC", "1");
    command
}
