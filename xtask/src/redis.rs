//! A real Redis on loopback ports: one server alone, or a cluster of three masters.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::child::{self, Running};
use crate::{http, tool};

/// How long a server may need until it answers.
const START: Duration = Duration::from_secs(20);

/// A running `redis-server`; ended when dropped, and also when this process
/// is killed before it could.
#[derive(Debug)]
pub struct Server {
    folder: PathBuf,
    port: u16,
    options: Vec<String>,
    running: Option<Running>,
}

/// Makes sure that `redis-server`, `redis-cli` and `redis-benchmark` are there.
pub fn install() -> Result<(), String> {
    if tool::answers("redis-server", &["--version"]) && tool::answers("redis-cli", &["--version"]) {
        return Ok(());
    }
    tool::debian(&["redis-server", "redis-tools"])
}

impl Server {
    /// Starts a server whose data is in `folder`, with options as on its
    /// command line, such as `["--appendonly", "yes"]`.
    pub fn start(folder: &Path, options: &[&str]) -> Result<Server, String> {
        std::fs::create_dir_all(folder)
            .map_err(|error| format!("cannot make `{}`: {error}", folder.display()))?;
        let mut last = String::new();
        for _ in 0..5 {
            let mut server = Server {
                folder: folder.to_owned(),
                port: http::free_port(0)?,
                options: options.iter().map(|option| (*option).to_owned()).collect(),
                running: None,
            };
            match server.again() {
                Ok(()) => return Ok(server),
                // Somebody else may have taken the port.
                Err(reason) => last = reason,
            }
        }
        Err(last)
    }

    /// Starts it again after [`kill`](Server::kill), on the same port and data.
    pub fn again(&mut self) -> Result<(), String> {
        let path = self.folder.join("redis.log");
        let log = std::fs::File::options()
            .create(true)
            .append(true)
            .open(&path)
            .map_err(|error| format!("cannot write `redis.log`: {error}"))?;
        // What was printed before this start does not count.
        let begin = log.metadata().map_or(0, |metadata| metadata.len() as usize);
        let mut command = Command::new("redis-server");
        command
            .args([
                "--bind",
                "127.0.0.1",
                "--save",
                "",
                "--port",
                &self.port.to_string(),
            ])
            .arg("--dir")
            .arg(&self.folder)
            .args(&self.options)
            .stdin(Stdio::null())
            .stdout(log)
            .stderr(Stdio::null());
        let running = self.running.insert(child::spawn(&mut command)?);
        running.wait("redis-server", "redis.log", START, || {
            // Not by a connection: where the port was taken, another server answers.
            let printed = std::fs::read(&path).unwrap_or_default();
            let printed = String::from_utf8_lossy(printed.get(begin..).unwrap_or_default());
            printed.contains("Ready to accept connections")
        })
    }

    /// Its port on 127.0.0.1.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:PORT`
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// SIGKILL, now.
    pub fn kill(&mut self) {
        self.running = None;
    }

    /// Sends a signal by name, such as `STOP`.
    pub fn signal(&self, signal: &str) -> Result<(), String> {
        let running = self.running.as_ref().ok_or("redis-server does not run")?;
        running.signal("redis-server", signal)
    }

    /// What `redis-cli` prints for these arguments.
    pub fn cli(&self, arguments: &[&str]) -> Result<String, String> {
        let output = Command::new("redis-cli")
            .args(["-p", &self.port.to_string()])
            .args(arguments)
            .output()
            .map_err(|error| format!("`redis-cli` cannot be started: {error}"))?;
        Ok(String::from_utf8_lossy(&output.stdout).trim().to_owned())
    }
}

/// Three masters that share the slots.
#[derive(Debug)]
pub struct Cluster {
    nodes: Vec<Server>,
}

impl Cluster {
    /// Starts the servers, with their data below `folder`, and waits until
    /// all of them see the whole cluster.
    pub fn start(folder: &Path, options: &[&str]) -> Result<Cluster, String> {
        let mut nodes = Vec::new();
        let mut buses = Vec::new();
        for node in 0..3 {
            // The default, 10,000 above the port, may be beyond the last.
            let bus = http::free_port(0)?.to_string();
            let mut all = vec!["--cluster-enabled", "yes", "--cluster-port", &bus];
            all.extend(options);
            nodes.push(Server::start(&folder.join(node.to_string()), &all)?);
            buses.push(bus);
        }
        let first = nodes[0].port().to_string();
        for (node, (from, to)) in
            nodes
                .iter()
                .zip([("0", "5460"), ("5461", "10922"), ("10923", "16383")])
        {
            expect_ok(&node.cli(&["CLUSTER", "ADDSLOTSRANGE", from, to])?)?;
            expect_ok(&node.cli(&["CLUSTER", "MEET", "127.0.0.1", &first, &buses[0]])?)?;
        }
        let end = Instant::now() + START;
        while Instant::now() < end {
            let ready = |node: &Server| {
                let info = node.cli(&["CLUSTER", "INFO"]).unwrap_or_default();
                info.contains("cluster_state:ok") && info.contains("cluster_known_nodes:3")
            };
            if nodes.iter().all(ready) {
                return Ok(Cluster { nodes });
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        Err(format!(
            "the cluster is not whole after {} s",
            START.as_secs()
        ))
    }

    /// The URLs of all nodes, with commas.
    pub fn url(&self) -> String {
        let urls: Vec<String> = self.nodes.iter().map(Server::url).collect();
        urls.join(",")
    }
}

fn expect_ok(answer: &str) -> Result<(), String> {
    match answer {
        "OK" => Ok(()),
        other => Err(format!("redis-server says `{other}`")),
    }
}
