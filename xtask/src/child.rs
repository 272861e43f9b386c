//! A child process in a group of its own: Ctrl-C reaches this process alone,
//! which then ends its children in order.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// Starts `command`, and who watches over it.
pub fn spawn(command: &mut Command) -> Result<Running, String> {
    let child = command.process_group(0).spawn().map_err(|error| {
        format!(
            "cannot start `{}`: {error}",
            command.get_program().to_string_lossy()
        )
    })?;
    Running::over(child)
}

/// A child that is killed when dropped, and also when this process is killed
/// before it could.
#[derive(Debug)]
pub struct Running {
    child: Child,
    /// Kills the child when its standard input closes.
    watchdog: Child,
}

impl Running {
    /// Watches over a child that runs; without a watchdog it is killed at once.
    pub fn over(mut child: Child) -> Result<Running, String> {
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
        match watchdog {
            Ok(watchdog) => Ok(Running { child, watchdog }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(format!("`sh` cannot be started: {error}"))
            }
        }
    }

    /// Process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Its memory in bytes, by a name of `/proc/PID/status`; `None` when it
    /// has ended.
    pub fn memory(&self, name: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.id())).ok()?;
        let line = status.lines().find_map(|line| line.strip_prefix(name))?;
        let kilobytes: u64 = line
            .strip_prefix(':')?
            .trim()
            .strip_suffix(" kB")?
            .parse()
            .ok()?;
        Some(kilobytes * 1_024)
    }

    /// Its exit status, once it has ended.
    pub fn ended(&mut self) -> Option<ExitStatus> {
        self.child.try_wait().ok().flatten()
    }

    /// Waits until `what` is ready; its log is named when it ends instead.
    pub fn wait(
        &mut self,
        what: &str,
        log: &str,
        patience: Duration,
        ready: impl Fn() -> bool,
    ) -> Result<(), String> {
        let end = Instant::now() + patience;
        while Instant::now() < end {
            if let Some(status) = self.ended() {
                return Err(format!("{what} ended at once ({status}); see `{log}`"));
            }
            if ready() {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Err(format!(
            "{what} does not answer after {} s",
            patience.as_secs()
        ))
    }

    /// Sends `what` a signal by name, such as `STOP`.
    pub fn signal(&self, what: &str, signal: &str) -> Result<(), String> {
        let id = self.id().to_string();
        match Command::new("kill").args(["-s", signal, &id]).status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => Err(format!("{what} did not take signal {signal} ({status})")),
            Err(error) => Err(format!("`kill` cannot be started: {error}")),
        }
    }

    /// Its standard output, where the command piped it.
    pub fn stdout(&mut self) -> Option<std::process::ChildStdout> {
        self.child.stdout.take()
    }

    /// Sends `signal` (`INT`, `TERM`) and waits for the end; kills it after `patience`.
    pub fn stop(mut self, signal: &str, patience: Duration) -> Result<ExitStatus, String> {
        let id = self.id().to_string();
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
        // The watchdog first: afterwards the process id may be someone else's.
        for child in [&mut self.watchdog, &mut self.child] {
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}
