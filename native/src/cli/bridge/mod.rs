//! `bridge`: a broker's own lifecycle messages become events.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use clap::Args;
use mqtt_presence_core::lifecycle::{Adapter, Fields, Format};

use super::failure::Failure;
use super::log;
use crate::config::Log;

mod broker;
mod carry;
mod fields;
mod hand;
mod keep;
mod list;
mod listen;
mod store;
mod target;
mod uptime;

/// Turn a broker's own lifecycle messages into events
///
/// Listens with QoS 1 and a persistent session; a message is acknowledged
/// once the target or the file of `--state` has its event, and a target that
/// fails is tried again.
/// Ends with Ctrl-C; with exit code 2 where the broker refuses.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mqtt-presence bridge --from mqtt://127.0.0.1:1883 --to stdout
  mqtt-presence bridge --from mqtts://broker.example.com --user bridge --password-file secret \\
    --to rocketmq://127.0.0.1:9876/notices --state bridge.state
  mqtt-presence bridge --from mqtt://127.0.0.1 --format-in emqx --to http://127.0.0.1:8787
  mqtt-presence bridge --from mqtt://127.0.0.1 --format-in generic --listen-to 'hivemq/lifecycle/#' \\
    --field client=id --field kind=event --field connect=CONNECTED --to stdout
  mqtt-presence bridge --from mqtt://127.0.0.1 --format-in emqx --to http://127.0.0.1:8787 \\
    --state bridge.state --list-url http://127.0.0.1:18083/api/v5/clients --list-user API_KEY \\
    --list-password-file secret-key")]
pub(super) struct BridgeArgs {
    #[command(flatten)]
    broker: broker::BrokerArgs,
    /// Where events go: `stdout`, `http://SERVICE`, `rocketmq://NAMESRV/TOPIC`, several NameServers with `;`, or
    /// `store`, the one that `--config` names
    #[arg(long, value_name = "TARGET")]
    to: target::Place,
    #[command(flatten)]
    service: target::ServiceAccess,
    /// For `--to store`: the configuration of the service, of which store and rule are taken
    #[arg(long, value_name = "FILE", env = "MQTT_PRESENCE_CONFIG")]
    config: Option<PathBuf>,
    /// Whose messages they are: aws, emqx, generic, mosquitto or vernemq
    #[arg(long, value_name = "NAME", default_value = "mosquitto")]
    format_in: Format,
    /// Topic filter to listen to, instead of the broker's usual ones; may be given several times
    #[arg(long, value_name = "FILTER")]
    listen_to: Vec<String>,
    /// For `generic`: a field's name or a kind's word, as client, kind, connect, disconnect, tcpclean, time, channel,
    /// address or list (of a list that is an object: where the array is); may be given several times
    #[arg(long = "field", value_name = "WHAT=NAME")]
    fields: Vec<fields::Naming>,
    /// File that keeps the open channels over a restart of the bridge
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
    #[command(flatten)]
    list: list::ListArgs,
}

pub(super) fn run(args: &BridgeArgs) -> Result<ExitCode, Failure> {
    let mut topics = args.listen_to.clone();
    if topics.is_empty() {
        topics.extend(
            args.format_in
                .topics()
                .iter()
                .map(|topic| (*topic).to_owned()),
        );
    }
    if topics.is_empty() {
        return Err(Failure::Said(format!(
            "`--format-in {}` needs `--listen-to FILTER`: that broker has no topic of its own for it",
            args.format_in
        )));
    }
    let mut names = Fields::default();
    for field in &args.fields {
        field.apply(&mut names);
    }
    let lists = args.list.open(args.format_in, &names)?;
    log::begin(&Log::default());
    let options = args.broker.options()?;
    let (keep, open) = keep::Keep::open(args.state.as_deref())?;
    let adapter = Adapter::new(args.format_in, names, open);
    let runtime = tokio::runtime::Runtime::new()
        .map_err(|error| Failure::Said(format!("cannot start: {error}")))?;
    runtime.block_on(async {
        let target = args
            .to
            .open(args.service.clone(), args.config.clone())
            .await?;
        let target = Arc::new(target);
        let ended = carry::Carry::new(args.format_in, adapter, keep, Arc::clone(&target), lists)?
            .run(options, args.broker.from(), topics)
            .await;
        if let Some(target) = Arc::into_inner(target) {
            target.close().await;
        }
        ended
    })?;
    Ok(ExitCode::SUCCESS)
}
