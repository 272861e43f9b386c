//! `generate`: a simulated fleet.

use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

use clap::Args;

use super::failure::Failure;
use super::instant::Instant;
use super::progress::{self, Unit};
use crate::fleet::{Fleet, FleetConfig, Share, to_json_line};

/// Writes the events of a simulated fleet as NDJSON.
///
/// The same arguments give the same bytes on any machine. Without faults the
/// events come in order of time; each of the faults leaves the fleet itself as
/// it is.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct GenerateArgs {
    /// How many clients
    #[arg(long, value_name = "N", default_value_t = 1_000, value_parser = clap::value_parser!(u32).range(1..))]
    clients: u32,
    /// How many events in all, second copies included
    #[arg(long, value_name = "N", default_value_t = 10_000)]
    events: u64,
    /// Another seed, another fleet
    #[arg(long, value_name = "S", default_value_t = 1)]
    seed: u64,
    /// Time of the first events: RFC 3339, or milliseconds since 1970
    #[arg(long, value_name = "TIME", default_value_t = Instant(FleetConfig::START), value_parser = start)]
    start: Instant,
    #[command(flatten)]
    faults: FaultArgs,
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
    mqtt-presence generate --seed 2 --start 2026-06-01T00:00:00Z > other.ndjson";

/// Below so many events no progress is shown.
const LARGE: u64 = 500_000;

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
    });
    to_standard_output(fleet, args.events).map_err(|error| Failure::of_output(&error))?;
    Ok(ExitCode::SUCCESS)
}

fn to_standard_output(fleet: Fleet, events: u64) -> io::Result<()> {
    let bar = progress::bar(Unit::Events, Some(events), LARGE);
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
