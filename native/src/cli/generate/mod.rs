//! `generate`: a simulated fleet.

use std::io::{self, BufWriter, IsTerminal, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};

use super::failure::Failure;
use super::instant::Instant;
use super::progress::{self, Unit};
use crate::fleet::{Fleet, FleetConfig, Share, to_json_line};

#[cfg(feature = "remoting")]
mod rocketmq;

/// Writes the events of a simulated fleet as NDJSON, or into a RocketMQ topic.
///
/// The same arguments give the same bytes on any machine. Without faults the
/// events come in order of time; each of the faults leaves the fleet itself as
/// it is.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct GenerateArgs {
    /// How many clients
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..=16_777_216))]
    clients: u32,
    /// How many events in all, second copies included; or `unlimited`
    #[arg(long, value_name = "N", default_value = "10000", value_parser = events)]
    events: u64,
    /// Another seed, another fleet
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Time of the first events: RFC 3339, or milliseconds since 1970
    #[arg(long, value_name = "TIME", default_value_t = Instant(FleetConfig::START), value_parser = start)]
    start: Instant,
    #[command(flatten)]
    faults: FaultArgs,
    /// Where the events go
    #[arg(long, value_enum, default_value_t = Destination::Stdout)]
    to: Destination,
    #[cfg(feature = "remoting")]
    #[command(flatten)]
    rocketmq: rocketmq::RocketmqArgs,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Destination {
    /// NDJSON on standard output
    Stdout,
    /// Messages in a RocketMQ topic: tag = eventType, key = clientId
    #[cfg(feature = "remoting")]
    Rocketmq,
}

/// What happens to the events on their way.
#[derive(Args, Debug)]
#[command(next_help_heading = "Faults")]
struct FaultArgs {
    /// Share of events that are lost, such as 0.01 or 1%
    #[arg(long, value_name = "P", default_value_t = Share::NONE)]
    loss: Share,
    /// Share of events that come twice, the second up to 64 places later
    #[arg(long, value_name = "P", default_value_t = Share::NONE)]
    duplicate: Share,
    /// An event may arrive up to so many places late
    #[arg(long, value_name = "N", default_value_t = 0)]
    shuffle: u32,
}

const EXAMPLES: &str = "\
Examples:
  A fleet of 1,000 clients, evaluated at once:
    mqtt-presence generate --clients 1000 --events 10000 | mqtt-presence replay -
  The same fleet as a broker on a bad day would deliver it:
    mqtt-presence generate --clients 1000 --events 10000 --loss 1% --duplicate 5% --shuffle 200 > bad.ndjson
  Another fleet of the same size, that began at another time:
    mqtt-presence generate --seed 2 --start 2026-06-01T00:00:00Z > other.ndjson
  500 events a second into a topic, until Ctrl-C:
    mqtt-presence generate --events unlimited --to rocketmq --namesrv 127.0.0.1:9876 --topic notices --rate 500";

/// Below so many events no progress is shown.
const LARGE: u64 = 500_000;

/// Stands for no end.
const UNLIMITED: u64 = u64::MAX;

fn events(text: &str) -> Result<u64, String> {
    match text {
        "unlimited" => Ok(UNLIMITED),
        _ => text
            .parse()
            .map_err(|_| format!("`{text}` is no number of events, nor `unlimited`")),
    }
}

/// The event format ends at 2^53; a fleet gets a thousand years before it.
fn start(text: &str) -> Result<Instant, String> {
    let start: Instant = text.parse()?;
    if (1..(1 << 53) - 31_557_600_000_000).contains(&start.0) {
        Ok(start)
    } else {
        Err(format!(
            "`{text}` leaves the fleet no valid event times: give a time after 1970"
        ))
    }
}

pub(super) fn run(args: &GenerateArgs) -> Result<ExitCode, Failure> {
    let fleet = Fleet::new(FleetConfig {
        clients: args.clients,
        events: args.events,
        seed: args.seed,
        loss: args.faults.loss,
        duplicate: args.faults.duplicate,
        shuffle: args.faults.shuffle,
        start: args.start.0,
        channels: 0,
        pace: match args.to {
            Destination::Stdout => None,
            #[cfg(feature = "remoting")]
            Destination::Rocketmq => args.rocketmq.rate,
        },
    });
    let total = Some(args.events).filter(|events| *events != UNLIMITED);
    match args.to {
        Destination::Stdout => {
            to_standard_output(fleet, total).map_err(|error| Failure::of_output(&error))?;
        }
        #[cfg(feature = "remoting")]
        Destination::Rocketmq => rocketmq::send(&args.rocketmq, fleet, total)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn to_standard_output(fleet: Fleet, events: Option<u64>) -> io::Result<()> {
    // Events on the terminal are progress enough.
    let large = if io::stdout().is_terminal() {
        u64::MAX
    } else {
        LARGE
    };
    let bar = progress::bar(Unit::Events, events, large);
    let mut output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    for (written, event) in fleet.enumerate() {
        output.write_all(to_json_line(&event).as_bytes())?;
        output.write_all(b"\n")?;
        if written % 4_096 == 0 {
            bar.set_position(written as u64);
        }
    }
    bar.finish_and_clear();
    output.flush()
}
