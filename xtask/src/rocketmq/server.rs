//! One Java process: started, awaited, stopped and continued, ended.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::ErrorKind;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::child::Running;

/// How to start a Java program of RocketMQ.
#[derive(Clone, Debug)]
pub(super) struct Program {
    pub(super) name: &'static str,
    pub(super) arguments: Vec<OsString>,
    /// The scratch folder; RocketMQ calls it its home.
    pub(super) home: PathBuf,
    /// What it prints once it can be used.
    pub(super) ready: &'static str,
}

/// What every RocketMQ program needs on Java 17, with the class path.
pub(super) fn jvm_arguments(lib: &Path, home: &Path, heap: &str, more: &[String]) -> Vec<OsString> {
    let mut arguments: Vec<OsString> = Vec::new();
    arguments.push("-cp".into());
    arguments.push(lib.join("*").into());
    arguments.push(format!("-Xmx{heap}").into());
    arguments.push("-XX:MaxDirectMemorySize=512m".into());
    arguments.push("-XX:+UseSerialGC".into());
    arguments.push("--add-exports=java.base/sun.nio.ch=ALL-UNNAMED".into());
    for package in [
        "java.lang",
        "java.lang.reflect",
        "java.nio",
        "java.util",
        "jdk.internal.ref",
        "sun.nio.ch",
    ] {
        arguments.push(format!("--add-opens=java.base/{package}=ALL-UNNAMED").into());
    }
    for property in ["rocketmq.home.dir", "user.home"] {
        let mut flag = OsString::from(format!("-D{property}="));
        flag.push(home);
        arguments.push(flag);
    }
    arguments.extend(more.iter().map(OsString::from));
    arguments
}

/// The command that runs `java` with these arguments.
pub(super) fn java(arguments: &[OsString], home: &Path) -> Command {
    let mut command = Command::new("java");
    command
        .args(arguments)
        .env("ROCKETMQ_HOME", home)
        .env_remove("NAMESRV_ADDR")
        .current_dir(home)
        .stdin(Stdio::null());
    command
}

/// A running Java process; ended by SIGKILL when dropped, which the store of
/// RocketMQ is made to survive.
#[derive(Debug)]
pub(super) struct Server {
    name: &'static str,
    java: Running,
}

impl Server {
    /// Starts the program and waits until it is ready.
    pub(super) fn start(program: &Program, deadline: Duration) -> Result<Server, String> {
        let Program {
            name, home, ready, ..
        } = program;
        let log = home.join(format!("{name}.out"));
        let begin = fs::metadata(&log).map_or(0, |metadata| metadata.len());
        let open = || {
            File::options()
                .create(true)
                .append(true)
                .open(&log)
                .map_err(|error| format!("cannot write `{}`: {error}", log.display()))
        };
        let java = java(&program.arguments, home)
            // A group of its own: Ctrl-C then reaches this process alone, which ends the servers in order.
            .process_group(0)
            .stdout(open()?)
            .stderr(open()?)
            .spawn()
            .map_err(|error| match error.kind() {
                ErrorKind::NotFound => {
                    "`java` was not found: install a Java runtime of version 17 or later".to_owned()
                }
                _ => format!("`java` cannot be started: {error}"),
            })?;
        let java = Running::over(java)?;
        let mut server = Server { name, java };
        let end = Instant::now() + deadline;
        loop {
            // What was printed before this start does not count.
            let printed = fs::read(&log).unwrap_or_default();
            let printed =
                String::from_utf8_lossy(printed.get(begin as usize..).unwrap_or_default())
                    .into_owned();
            if printed.contains(ready) {
                return Ok(server);
            }
            let reason = match server.java.ended() {
                Some(status) => format!("ended at once ({status})"),
                None if Instant::now() > end => {
                    format!("was not ready after {} s", deadline.as_secs())
                }
                None => {
                    std::thread::sleep(Duration::from_millis(100));
                    continue;
                }
            };
            return Err(format!(
                "the {name} {reason}; the end of `{}`:\n{}",
                log.display(),
                tail(&printed)
            ));
        }
    }

    /// Process id.
    pub(super) fn id(&self) -> u32 {
        self.java.id()
    }

    /// Sends a signal by name, such as `STOP`.
    pub(super) fn signal(&self, signal: &str) -> Result<(), String> {
        self.java.signal(&format!("the {}", self.name), signal)
    }
}

/// The last lines, enough to see why.
pub(super) fn tail(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(20)..].join("\n")
}
