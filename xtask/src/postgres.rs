//! A real PostgreSQL on a free loopback port, in a folder of its own, as a
//! user that is not root.

use std::fs;
use std::net::TcpListener;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::tool;

/// What is used of it, all from one folder.
const PROGRAMS: [&str; 4] = ["initdb", "postgres", "pg_isready", "psql"];
/// How long the server may take to start, recovery included.
const START: Duration = Duration::from_secs(60);

/// A server with a superuser `postgres` that needs no password from here.
/// Killed, and its folder taken away, when dropped or when this process ends.
#[derive(Debug)]
pub struct Postgres {
    programs: PathBuf,
    folder: PathBuf,
    port: u16,
    more: Vec<String>,
    server: Option<Child>,
    /// Ends the server and takes the folder away when its standard input
    /// closes, however this process ends.
    watchdog: Child,
}

impl Postgres {
    /// Makes a cluster and starts it.
    ///
    /// # Errors
    /// A sentence: a program is missing, or the server did not start.
    pub fn start() -> Result<Postgres, String> {
        Postgres::start_with(&[])
    }

    /// The same with lines of postgresql.conf, such as `fsync=on`.
    ///
    /// # Errors
    /// As of [`Postgres::start`].
    pub fn start_with(settings: &[&str]) -> Result<Postgres, String> {
        let programs = programs()?;
        let folder = tempfile::Builder::new()
            .prefix("presence-postgres-")
            .tempdir()
            .map_err(|error| format!("no folder for PostgreSQL: {error}"))?
            .keep();
        let mut server = Postgres {
            watchdog: watch(&folder)?,
            programs,
            folder,
            port: free_port()?,
            more: settings.iter().map(|line| (*line).to_owned()).collect(),
            server: None,
        };
        if user().is_some() {
            let owned = Command::new("chown")
                .arg("postgres")
                .arg(&server.folder)
                .status();
            if !owned.is_ok_and(|status| status.success()) {
                return Err("there is no user `postgres` to run the server as".to_owned());
            }
        }
        let data = server.folder.join("data");
        let mut initdb = server.program("initdb");
        initdb
            .args([
                "--username=postgres",
                "--auth=trust",
                "--encoding=UTF8",
                "--locale=C",
            ])
            .arg("--no-sync")
            .arg("--pgdata")
            .arg(&data)
            .stdout(Stdio::null());
        let output = initdb
            .output()
            .map_err(|error| format!("`initdb` cannot be started: {error}"))?;
        if !output.status.success() {
            return Err(format!(
                "`initdb` failed: {}",
                String::from_utf8_lossy(&output.stderr)
            ));
        }
        server.run()?;
        Ok(server)
    }

    /// Starts the server again after [`Postgres::kill`]; it recovers first.
    ///
    /// # Errors
    /// A sentence: it did not start.
    pub fn run(&mut self) -> Result<(), String> {
        let log = fs::File::options()
            .create(true)
            .append(true)
            .open(self.folder.join("log"))
            .map_err(|error| format!("the log of PostgreSQL: {error}"))?;
        let mut command = self.program("postgres");
        command
            .arg("-D")
            .arg(self.folder.join("data"))
            .args([
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
            ])
            .args([
                "-c",
                &format!("port={}", self.port),
                "-c",
                "max_connections=60",
            ])
            .process_group(0)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log);
        for line in &self.more {
            command.args(["-c", line]);
        }
        let server = command
            .spawn()
            .map_err(|error| format!("`postgres` cannot be started: {error}"))?;
        self.note(server.id())?;
        self.server = Some(server);
        let end = Instant::now() + START;
        loop {
            let mut ask = Command::new(self.programs.join("pg_isready"));
            ask.args(["-q", "-h", "127.0.0.1", "-p", &self.port.to_string()]);
            if ask.status().is_ok_and(|status| status.success()) {
                return Ok(());
            }
            let ended = self
                .server
                .as_mut()
                .and_then(|server| server.try_wait().ok().flatten());
            if ended.is_some() || Instant::now() > end {
                let log = fs::read_to_string(self.folder.join("log")).unwrap_or_default();
                let lines: Vec<&str> = log.lines().collect();
                let end = &lines[lines.len().saturating_sub(20)..];
                return Err(format!(
                    "PostgreSQL did not start; the end of its log:\n{}",
                    end.join("\n")
                ));
            }
            std::thread::sleep(Duration::from_millis(50));
        }
    }

    /// Where a database of this server is.
    pub fn url(&self, database: &str) -> String {
        format!("postgres://postgres@127.0.0.1:{}/{database}", self.port)
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The folder of its data, for a copy or a configuration file.
    pub fn data(&self) -> PathBuf {
        self.folder.join("data")
    }

    /// SIGKILL to the server and its sessions, as a power cut would.
    pub fn kill(&mut self) {
        let sessions = self.processes();
        if let Some(mut server) = self.server.take() {
            let _ = server.kill();
            for id in sessions {
                send("KILL", id);
            }
            let _ = server.wait();
        }
        // The sessions hold the shared memory until they have gone.
        std::thread::sleep(Duration::from_millis(100));
    }

    /// Sends `STOP` or `CONT` to the server and all its sessions.
    pub fn signal(&self, signal: &str) {
        for id in self.processes() {
            send(signal, id);
        }
    }

    /// Runs SQL with `psql` and answers what it prints.
    ///
    /// # Errors
    /// What `psql` says.
    pub fn psql(&self, database: &str, sql: &str) -> Result<String, String> {
        let mut command = Command::new(self.programs.join("psql"));
        command
            .args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d"])
            .args([&self.url(database), "-c", sql]);
        let output = command
            .output()
            .map_err(|error| format!("`psql`: {error}"))?;
        if !output.status.success() {
            return Err(String::from_utf8_lossy(&output.stderr).into_owned());
        }
        Ok(String::from_utf8_lossy(&output.stdout)
            .trim_end()
            .to_owned())
    }

    /// The server and its children, which are in sessions of their own.
    fn processes(&self) -> Vec<u32> {
        let Some(server) = &self.server else {
            return Vec::new();
        };
        let id = server.id();
        let children = fs::read_to_string(format!("/proc/{id}/task/{id}/children"));
        let mut all = vec![id];
        all.extend(
            children
                .unwrap_or_default()
                .split_whitespace()
                .filter_map(|id| id.parse::<u32>().ok()),
        );
        all
    }

    fn program(&self, name: &str) -> Command {
        let mut command = Command::new(self.programs.join(name));
        command.current_dir(&self.folder);
        if let Some((user, group)) = user() {
            command.uid(user).gid(group);
        }
        command
    }

    /// Tells the watchdog which process it is now.
    fn note(&mut self, id: u32) -> Result<(), String> {
        let path = self.folder.with_extension("pid");
        fs::write(&path, id.to_string()).map_err(|error| format!("`{}`: {error}", path.display()))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
        drop(self.watchdog.stdin.take());
        let _ = self.watchdog.wait();
    }
}

/// Makes sure that PostgreSQL is there.
///
/// # Errors
/// A sentence: it is not and cannot be installed.
pub fn install() -> Result<(), String> {
    if programs().is_ok() {
        return Ok(());
    }
    tool::debian(&["postgresql"])?;
    programs().map(drop)
}

/// Where `initdb` and `postgres` are: on Debian not on the path.
fn programs() -> Result<PathBuf, String> {
    let versions = fs::read_dir("/usr/lib/postgresql")
        .into_iter()
        .flatten()
        .flatten();
    let mut folders: Vec<PathBuf> = versions.map(|version| version.path().join("bin")).collect();
    folders.sort();
    folders.extend(std::env::split_paths(
        &std::env::var_os("PATH").unwrap_or_default(),
    ));
    folders
        .into_iter()
        .rev()
        .find(|folder| PROGRAMS.iter().all(|name| folder.join(name).exists()))
        .ok_or_else(|| "PostgreSQL is not installed: `cargo xtask test` does that".to_owned())
}

/// Whom to be instead of root, whom PostgreSQL refuses.
fn user() -> Option<(u32, u32)> {
    let id = |arguments: &[&str]| -> Option<u32> {
        let output = Command::new("id").args(arguments).output().ok()?;
        String::from_utf8_lossy(&output.stdout).trim().parse().ok()
    };
    (id(&["-u"])? == 0).then_some(())?;
    Some((id(&["-u", "postgres"])?, id(&["-g", "postgres"])?))
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
    listener
        .map(|address| address.port())
        .map_err(|error| format!("no free port: {error}"))
}

fn send(signal: &str, id: u32) {
    // It may have ended by itself.
    let _ = Command::new("kill")
        .args(["-s", signal, &id.to_string()])
        .stderr(Stdio::null())
        .status();
}

fn watch(folder: &Path) -> Result<Child, String> {
    // Stopped processes end by SIGKILL too.
    let script = "read -r _; read -r id < \"$1.pid\"; \
        if [ -n \"$id\" ] && [ \"$(cat /proc/$id/comm 2>/dev/null)\" = postgres ]; then \
        kill -9 $id $(cat /proc/$id/task/$id/children); sleep 0.2; fi; \
        rm -rf \"$1\" \"$1.pid\"";
    Command::new("sh")
        .args(["-c", script, "watchdog"])
        .arg(folder)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("`sh` cannot be started: {error}"))
}
