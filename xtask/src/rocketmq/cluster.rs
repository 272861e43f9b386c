//! A name server and a broker, together.

use std::path::Path;
use std::time::Duration;

use super::admin::Admin;
use super::conf;
use super::fetch::fetch;
use super::options::{StartOptions, has_proxy};
use super::ports::Ports;
use super::registration;
use super::server::{Program, Server, jvm_arguments};

/// A running RocketMQ. Dropping it ends its processes; the folder stays.
#[derive(Debug)]
pub struct Cluster {
    // Dropped in this order: the broker before the name server it reports to.
    broker: Option<Server>,
    namesrv: Option<Server>,
    broker_program: Program,
    namesrv_program: Program,
    deadline: Duration,
    admin: Admin,
    ports: Ports,
    with_proxy: bool,
}

impl Cluster {
    /// Fetches the version if need be, starts it and waits until it is ready.
    /// The error says what is missing or shows the end of the server's log.
    pub fn start(options: StartOptions) -> Result<Cluster, String> {
        let lib = fetch(&options.version)?;
        let lib = lib
            .canonicalize()
            .map_err(|error| format!("cannot read `{}`: {error}", lib.display()))?;
        std::fs::create_dir_all(&options.dir)
            .map_err(|error| format!("cannot make `{}`: {error}", options.dir.display()))?;
        let home = options
            .dir
            .canonicalize()
            .map_err(|error| format!("cannot read `{}`: {error}", options.dir.display()))?;
        let options = StartOptions {
            dir: home.clone(),
            ..options
        };
        let ports = Ports::reserve()?;
        conf::write(&options, &ports)?;
        let namesrv = format!("127.0.0.1:{}", ports.namesrv());
        let mut cluster = Cluster {
            broker: None,
            namesrv: None,
            broker_program: broker_program(&options, &lib, &namesrv),
            namesrv_program: namesrv_program(&options, &lib),
            deadline: options.deadline,
            admin: Admin {
                lib,
                home,
                jvm_flags: options.jvm_flags.clone(),
                namesrv,
            },
            ports,
            with_proxy: has_proxy(&options.version),
        };
        cluster.start_namesrv()?;
        cluster.start_broker()?;
        Ok(cluster)
    }

    /// Address of the name server, `127.0.0.1:PORT`.
    pub fn namesrv(&self) -> &str {
        &self.admin.namesrv
    }

    /// Address of the proxy's gRPC port, `127.0.0.1:PORT`; `None` with 4.x.
    pub fn grpc_endpoint(&self) -> Option<String> {
        self.with_proxy
            .then(|| format!("127.0.0.1:{}", self.ports.grpc()))
    }

    /// The scratch folder, with the servers' logs.
    pub fn dir(&self) -> &Path {
        &self.admin.home
    }

    /// Process id of the broker, or of the proxy that holds it.
    pub fn broker_id(&self) -> Option<u32> {
        self.broker.as_ref().map(Server::id)
    }

    /// Makes a topic; better listed in [`StartOptions::topics`] if known before.
    pub fn create_topic(&self, name: &str, queues: u32) -> Result<(), String> {
        let queues = queues.to_string();
        let mut arguments = vec![
            "updateTopic",
            "-c",
            "DefaultCluster",
            "-t",
            name,
            "-r",
            &queues,
            "-w",
            &queues,
        ];
        if self.with_proxy {
            arguments.extend(["-a", "+message.type=NORMAL"]);
        }
        self.expect(&arguments, "success")
    }

    /// Makes a consumer group; better listed in [`StartOptions::groups`] if known before.
    pub fn create_group(&self, name: &str) -> Result<(), String> {
        self.expect(
            &[
                "updateSubGroup",
                "-c",
                "DefaultCluster",
                "-g",
                name,
                "-r",
                "16",
            ],
            "success",
        )
    }

    fn expect(&self, arguments: &[&str], text: &str) -> Result<(), String> {
        let printed = self.admin(arguments)?;
        if printed.contains(text) {
            Ok(())
        } else {
            Err(format!(
                "mqadmin {} did not answer `{text}`:\n{printed}",
                arguments.join(" ")
            ))
        }
    }

    /// Runs the admin tool (`mqadmin`) with `-n` added and answers what it printed.
    pub fn admin(&self, arguments: &[&str]) -> Result<String, String> {
        self.admin.run(arguments)
    }

    /// Ends the broker (with 5.x the proxy and its broker) with SIGKILL.
    pub fn kill_broker(&mut self) {
        self.broker = None;
    }

    /// Starts the broker again on the same ports and store; nothing when it runs.
    pub fn start_broker(&mut self) -> Result<(), String> {
        if self.broker.is_none() {
            self.broker = Some(Server::start(&self.broker_program, self.deadline)?);
            self.wait_until_registered()?;
        }
        Ok(())
    }

    fn wait_until_registered(&self) -> Result<(), String> {
        // The question is put in plain text; behind TLS a broker's first
        // heartbeat is waited for instead.
        if self
            .admin
            .jvm_flags
            .iter()
            .any(|flag| flag == "-Dtls.server.mode=enforcing")
        {
            std::thread::sleep(Duration::from_secs(5));
            return Ok(());
        }
        registration::wait(([127, 0, 0, 1], self.ports.namesrv()).into(), self.deadline)
    }

    /// Ends the name server with SIGKILL.
    pub fn kill_namesrv(&mut self) {
        self.namesrv = None;
    }

    /// Starts the name server again on the same port; nothing when it runs.
    pub fn start_namesrv(&mut self) -> Result<(), String> {
        if self.namesrv.is_none() {
            self.namesrv = Some(Server::start(&self.namesrv_program, self.deadline)?);
        }
        Ok(())
    }

    /// Stops the broker's process where it stands, connections open.
    pub fn freeze(&self) -> Result<(), String> {
        self.signal_broker("STOP")
    }

    /// Lets a frozen broker go on.
    pub fn resume(&self) -> Result<(), String> {
        self.signal_broker("CONT")
    }

    fn signal_broker(&self, signal: &str) -> Result<(), String> {
        self.broker.as_ref().map_or_else(
            || Err("the broker does not run".to_owned()),
            |broker| broker.signal(signal),
        )
    }
}

fn namesrv_program(options: &StartOptions, lib: &Path) -> Program {
    let mut arguments = jvm_arguments(lib, &options.dir, "256m", &options.jvm_flags);
    arguments.push("-Drmq.logback.configurationFile=rmq.namesrv.logback.xml".into());
    arguments.push("org.apache.rocketmq.namesrv.NamesrvStartup".into());
    arguments.push("-c".into());
    arguments.push(options.dir.join("namesrv.conf").into());
    Program {
        name: "name server",
        arguments,
        home: options.dir.clone(),
        ready: "The Name Server boot success",
    }
}

fn broker_program(options: &StartOptions, lib: &Path, namesrv: &str) -> Program {
    let mut arguments = jvm_arguments(lib, &options.dir, "768m", &options.jvm_flags);
    let conf = options.dir.join("broker.conf");
    if has_proxy(&options.version) {
        arguments.push("-Drmq.logback.configurationFile=rmq.proxy.logback.xml".into());
        arguments.push("org.apache.rocketmq.proxy.ProxyStartup".into());
        arguments.extend([
            "-n".into(),
            namesrv.into(),
            "-pm".into(),
            "local".into(),
            "-bc".into(),
            conf.into(),
        ]);
        arguments.extend(["-pc".into(), options.dir.join("rmq-proxy.json").into()]);
        Program {
            name: "proxy",
            arguments,
            home: options.dir.clone(),
            ready: "rocketmq-proxy startup successfully",
        }
    } else {
        arguments.push("org.apache.rocketmq.broker.BrokerStartup".into());
        arguments.extend(["-c".into(), conf.into()]);
        Program {
            name: "broker",
            arguments,
            home: options.dir.clone(),
            ready: "boot success",
        }
    }
}
