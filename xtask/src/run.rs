//! `cargo xtask run`: a first look with everything real. A RocketMQ server, a
//! simulated fleet that produces into its topic, and the service on top; or, with
//! `--devices`, real MQTT clients at a real broker, and the bridge, in its place.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use clap::Args;

use crate::child::{self, Running};
use crate::devices::{self, Devices};
use crate::page::{self, PageArgs};
use crate::rocketmq::{Cluster, StartOptions};
use crate::{http, place, step, tool};

/// Part of the line that says that everything is up.
pub const READY: &str = "Ctrl-C ends everything";

const TOPIC: &str = "mqtt_presence_notices";
const GROUP: &str = "GID_mqtt_presence";

/// Options of `cargo xtask run`.
#[derive(Args)]
pub struct RunArgs {
    /// RocketMQ version: 5.3.3, or 4.9.7 as hosted MQTT services run it
    #[arg(long, value_name = "VERSION", default_value = "5.3.3")]
    rocketmq: String,
    /// Instead of the simulated fleet: Mosquitto, 200 MQTT clients, and the bridge
    #[arg(long)]
    devices: bool,
    /// Clients of the simulated fleet
    #[arg(long, default_value_t = 10_000)]
    clients: u32,
    /// Events a second that the fleet produces
    #[arg(long, default_value_t = 500)]
    rate: u32,
    /// Port of the service on 127.0.0.1; another free one if it is taken
    #[arg(long, default_value_t = 8787)]
    port: u16,
}

/// Runs until Ctrl-C or SIGTERM, or until a part of it ends.
pub fn run(args: &RunArgs) -> Result<(), String> {
    if let Err(reason) = page::page(&PageArgs::default()) {
        println!("No page: {reason}. The service answers without it.");
    }
    // Of the workspace, so that dependencies have the features of the tests' build.
    step::run(
        "build mqtt-presence",
        &mut step::cargo(&["build", "--locked", "--workspace", "--bin", "mqtt-presence"]),
    )?;
    let folder = place::target().join("run");
    place::fresh(&folder)?;
    let cluster = match tool::java_and_maven() {
        Ok(()) => {
            println!(
                "==> starting RocketMQ {} (its jars are fetched once)",
                args.rocketmq
            );
            let options = StartOptions::new(&args.rocketmq, folder.join("rocketmq"))
                .topic(TOPIC, 8)
                .group(GROUP);
            Some(Cluster::start(options)?)
        }
        Err(reason) => {
            println!("No RocketMQ: {reason}. The service is fed without it.");
            None
        }
    };

    let port = http::free_port(args.port)?;
    if port != args.port {
        println!(
            "Port {} is taken; the service listens on {port}.",
            args.port
        );
    }
    let config = folder.join("mqtt-presence.toml");
    write(
        &config,
        &configuration(args, cluster.as_ref(), &folder, port),
    )?;
    // Until here SIGINT simply ends this process, and the servers with it.
    let (stop, stopped) = mpsc::channel();
    ctrlc::set_handler(move || {
        // A further signal finds nobody listening: the end is under way.
        let _ = stop.send(());
    })
    .map_err(|error| error.to_string())?;
    let mut service = child::spawn(mqtt_presence().arg("serve").arg("--config").arg(&config))?;
    let mut feed = None;
    let mut ready = false;
    let patience = Instant::now() + Duration::from_secs(90);
    let outcome = loop {
        match stopped.recv_timeout(Duration::from_millis(200)) {
            Ok(()) | Err(RecvTimeoutError::Disconnected) => break Ok(()),
            Err(RecvTimeoutError::Timeout) => {}
        }
        if let Some(status) = service.ended() {
            break Err(format!("mqtt-presence serve ended by itself with {status}"));
        }
        if let Some(reason) = feed.as_mut().and_then(Feed::ended) {
            break Err(reason);
        }
        if !ready && is_ready(port) {
            ready = true;
            feed = Feed::start(args, cluster.as_ref(), &folder, port)?;
            print_what_to_try(args, cluster.as_ref(), feed.as_ref(), port);
        } else if !ready && Instant::now() > patience {
            break Err(format!(
                "not ready after 90 s; see http://127.0.0.1:{port}/readyz"
            ));
        }
    };
    println!("==> ending");
    drop(feed);
    let status = service.stop("TERM", Duration::from_secs(20))?;
    drop(cluster);
    outcome?;
    if status.success() {
        Ok(())
    } else {
        Err(format!("mqtt-presence serve ended with {status}"))
    }
}

/// Where events come from.
enum Feed {
    Fleet(Running),
    Devices(Box<Devices>),
}

impl Feed {
    /// None where the service makes its events itself.
    fn start(
        args: &RunArgs,
        cluster: Option<&Cluster>,
        folder: &Path,
        port: u16,
    ) -> Result<Option<Feed>, String> {
        if args.devices {
            let target = match cluster {
                Some(cluster) => format!("rocketmq://{}/{TOPIC}", cluster.namesrv()),
                None => format!("http://127.0.0.1:{port}"),
            };
            let devices = Devices::start(mqtt_presence(), &target, folder)?;
            return Ok(Some(Feed::Devices(Box::new(devices))));
        }
        cluster
            .map(|cluster| produce(args, cluster).map(Feed::Fleet))
            .transpose()
    }

    /// A sentence, once it has ended by itself.
    fn ended(&mut self) -> Option<String> {
        let (name, status) = match self {
            Feed::Fleet(fleet) => ("the simulated fleet", fleet.ended()?),
            Feed::Devices(devices) => ("mqtt-presence bridge", devices.ended()?),
        };
        Some(format!("{name} ended by itself with {status}"))
    }
}

fn mqtt_presence() -> Command {
    Command::new(place::target().join("debug").join("mqtt-presence"))
}

fn write(path: &PathBuf, text: &str) -> Result<(), String> {
    std::fs::write(path, text)
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

fn configuration(args: &RunArgs, cluster: Option<&Cluster>, folder: &Path, port: u16) -> String {
    let source = match cluster {
        Some(cluster) => format!(
            "kind = \"remoting\"\nnamesrv = [\"{}\"]\ntopic = \"{TOPIC}\"\ngroup = \"{GROUP}\"\n",
            cluster.namesrv()
        ),
        None if args.devices => "kind = \"http\"\n".to_owned(),
        None => format!(
            "kind = \"fleet\"\nclients = {}\nrate = {}\n",
            args.clients, args.rate
        ),
    };
    let store = folder.join("presence.sqlite");
    format!(
        "[store]\nkind = \"sqlite\"\npath = {store:?}\n\n[api]\nbind = \"127.0.0.1:{port}\"\n\n[[source]]\n{source}"
    )
}

fn produce(args: &RunArgs, cluster: &Cluster) -> Result<Running, String> {
    let now = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_err(|error| format!("the clock is before 1970: {error}"))?;
    let number = |number: u32| number.to_string();
    child::spawn(
        mqtt_presence()
            .args(["generate", "--start", &now.as_millis().to_string()])
            .args(["--seed", "1", "--duplicate", "0.01", "--shuffle", "20"])
            .args([
                "--clients",
                &number(args.clients),
                "--rate",
                &number(args.rate),
                "--events",
                "unlimited",
            ])
            .args([
                "--to",
                "rocketmq",
                "--namesrv",
                cluster.namesrv(),
                "--topic",
                TOPIC,
            ]),
    )
}

fn is_ready(port: u16) -> bool {
    http::get(port, "/readyz").is_ok_and(|(status, _)| status == 200)
}

fn print_what_to_try(args: &RunArgs, cluster: Option<&Cluster>, feed: Option<&Feed>, port: u16) {
    let url = match port {
        8787 => String::new(),
        _ => format!(" --url http://127.0.0.1:{port}"),
    };
    let program = place::target().join("debug").join("mqtt-presence");
    // Short where one stands in the workspace, as most do.
    let program = program
        .strip_prefix(place::root())
        .unwrap_or(&program)
        .display();
    if let Some(cluster) = cluster {
        println!(
            "\nRocketMQ {} at {}, topic {TOPIC}",
            args.rocketmq,
            cluster.namesrv()
        );
    }
    let first = match feed {
        Some(Feed::Devices(devices)) => {
            println!(
                "Mosquitto at {}: {} MQTT clients that publish, say goodbye, are cut off or fall silent; \
                 `mqtt-presence bridge` carries what it says of them",
                devices.broker(),
                devices::COUNT
            );
            format!("{} {}", devices::name(1), devices::name(2))
        }
        _ => {
            println!("{} simulated clients, {} events/s", args.clients, args.rate);
            "GID_fleet@@@device-000001 GID_fleet@@@device-000002".to_owned()
        }
    };
    println!(
        "mqtt-presence at http://127.0.0.1:{port}: open it in a browser\n\nTry in another terminal:\n  \
         {program} get{url} {first}\n  \
         {program} watch{url}\n  \
         curl http://127.0.0.1:{port}/v1/stats\n\n{READY}."
    );
}
