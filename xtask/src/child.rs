//! A child process in a group of its own: Ctrl-C reaches this process alone,
//! which then ends its children in order.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// A running child; killed when dropped.
#[derive(Debug)]
pub struct Running(Child);

/// Starts `command`.
pub fn spawn(command: &mut Command) -> Result<Running, String> {
    start(command).map(Running)
}

/// The same, for those who end it by themselves.
pub(crate) fn start(command: &mut Command) -> Result<Child, String> {
    command.process_group(0).spawn().map_err(|error| {
        format!(
            "cannot start `{}`: {error}",
            command.get_program().to_string_lossy()
        )
    })
}

/// A process that kills `child` when this one ends, however it ends: its
/// standard input closes then. Without it the child is killed at once.
pub(crate) fn watchdog(child: &mut Child) -> Result<Child, String> {
    let watchdog = Command::new("sh")
        .args([
            "-c",
            "read -r _; kill -9 \"$1\"",
            "watchdog",
            &child.id().to_string(),
        ])
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    watchdog.map_err(|error| {
        let _ = child.kill();
        let _ = child.wait();
        format!("`sh` cannot be started: {error}")
    })
}

impl Running {
    /// Its standard output, where the command piped it.
    pub fn stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.0.stdout.take()
    }

    /// Its exit status, once it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.0.try_wait().ok().flatten()
    }

    /// Sends `signal` (`INT`, `TERM`) and waits for the end; kills it after `patience`.
    pub fn stop(mut self, signal: &str, patience: Duration) -> Result<ExitStatus, String> {
        let id = self.0.id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        sent.map_err(|error| format!("`kill` cannot be started: {error}"))?;
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if let Some(status) = self.ended() {
                return Ok(status);
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!(
            "process {id} did not end within {} s of SIG{signal}",
            patience.as_secs()
        ))
    }

    /// SIGKILL, now.
    pub fn kill(self) {}
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
