//! `replay`: evaluates files, without a server.

use std::io::{self, BufWriter, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::builder::BoolishValueParser;
use clap::{Args, ValueEnum};
use mqtt_presence_core::event::Limits;
use mqtt_presence_core::presence::{self, Closing};
use mqtt_presence_core::replay::{Merged, Options, Replay, Report, Shape, View};

use super::failure::Failure;
use super::instant::Instant;
use fill::Filling;

mod fill;
mod input;
mod print;
mod table;
#[cfg(test)]
mod tests;

/// Says who is online after the events in files, and what is odd about them.
///
/// Reads one object, an array, NDJSON or JSON values one after another, with
/// text between them or not. A bad record is reported and the rest goes on.
#[derive(Args, Debug)]
#[command(after_help = EXAMPLES)]
pub(super) struct ReplayArgs {
    /// Files to read, in this order; `-` is standard input
    #[arg(required = true, value_name = "FILE")]
    files: Vec<PathBuf>,
    /// Whose messages the files hold: aws, emqx, generic, mosquitto, vernemq, or events; each file's beginning says
    /// it when absent
    #[arg(long, value_name = "NAME", value_parser = shape)]
    format_in: Option<Shape>,
    /// How the answer is printed
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// What a consumer believed after the first N records, rejected ones too
    #[arg(long, value_name = "N", conflicts_with = "at")]
    after: Option<u64>,
    /// What was so at this event time, as all records together tell it:
    /// RFC 3339, or milliseconds since 1970
    #[arg(long, value_name = "TIME")]
    at: Option<Instant>,
    /// Exit with 1 when a record was rejected
    #[arg(long)]
    strict: bool,
    #[command(flatten)]
    rule: RuleArgs,
    #[command(flatten)]
    limits: LimitArgs,
}

/// The rule and the anomalies.
#[derive(Args, Debug)]
#[command(next_help_heading = "Rule")]
struct RuleArgs {
    /// Which events close a channel
    #[arg(long, value_enum, default_value_t = ClosingArg::Any, env = "MQTT_PRESENCE_CLOSING")]
    closing: ClosingArg,
    /// A newer connect supersedes the client's older live channels
    #[arg(long, env = "MQTT_PRESENCE_TAKEOVER", value_parser = BoolishValueParser::new())]
    takeover: bool,
    /// So many transitions of a client within the window are flapping
    #[arg(long, value_name = "N", default_value_t = 5, env = "MQTT_PRESENCE_FLAP_COUNT", value_parser = clap::value_parser!(u32).range(1..))]
    flap_count: u32,
    /// The window, such as 60s or 5m
    #[arg(long, value_name = "DURATION", default_value = "60s", env = "MQTT_PRESENCE_FLAP_WINDOW", value_parser = duration)]
    flap_window: Duration,
    /// An event further behind the newest before it is late, such as 60s
    #[arg(long, value_name = "DURATION", default_value = "60s", env = "MQTT_PRESENCE_LATE_AFTER", value_parser = duration)]
    late_after: Duration,
}

/// What bounds the memory.
#[derive(Args, Debug)]
#[command(next_help_heading = "Limits")]
struct LimitArgs {
    /// Largest record
    #[arg(long, value_name = "BYTES", default_value_t = Limits::default().record, env = "MQTT_PRESENCE_MAX_RECORD")]
    max_record: usize,
    /// Deepest nesting; the record itself is depth 1
    #[arg(long, value_name = "N", default_value_t = Limits::default().depth, env = "MQTT_PRESENCE_MAX_DEPTH")]
    max_depth: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// One object
    Json,
    /// One line a client, then one line an error
    Ndjson,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum ClosingArg {
    /// disconnect or tcpclean
    Any,
    /// tcpclean alone
    Tcpclean,
}

const EXAMPLES: &str = "\
Examples:
  Who is online after these events?
    mqtt-presence replay events.ndjson
  The same as JSON, from a pipe:
    zcat events.ndjson.gz | mqtt-presence replay - --format json
  What was so at half past eight, and what did a consumer believe after 500 records?
    mqtt-presence replay events.ndjson --at 2026-01-01T08:30:00Z
    mqtt-presence replay events.ndjson --after 500
  The clients that are online, one id a line:
    mqtt-presence replay events.ndjson --format ndjson | jq -r 'select(.online).clientId'
  Fail a build when a record is malformed:
    mqtt-presence replay events.ndjson --strict

Formats:
  json    {\"summary\":{…},\"clients\":[…],\"errors\":[…]} on one line
  ndjson  each element of `clients` on a line (it has `clientId`), then each of
          `errors` (it has `code`); no summary

Exit codes:
  0  done
  1  a record was rejected and --strict was given
  2  bad usage, or a file that cannot be read";

/// `humantime` with the text quoted.
fn duration(text: &str) -> Result<Duration, String> {
    humantime::parse_duration(text).map_err(|_| {
        format!("`{text}` is no duration: give a number and a unit such as `500ms`, `60s` or `5m`")
    })
}

fn shape(text: &str) -> Result<Shape, String> {
    if text == "events" {
        return Ok(Shape::Events);
    }
    text.parse().map(Shape::Of).map_err(|_: String| {
        format!("`{text}` is none of aws, emqx, generic, mosquitto, vernemq and events")
    })
}

impl ReplayArgs {
    fn options(&self) -> Options {
        let milliseconds =
            |duration: Duration| u64::try_from(duration.as_millis()).unwrap_or(u64::MAX);
        Options {
            rule: presence::Options {
                closing: match self.rule.closing {
                    ClosingArg::Any => Closing::Any,
                    ClosingArg::Tcpclean => Closing::Tcpclean,
                },
                takeover: self.rule.takeover,
                ..presence::Options::default()
            },
            flap_count: self.rule.flap_count as usize,
            flap_window: milliseconds(self.rule.flap_window),
            late_after: milliseconds(self.rule.late_after),
        }
    }

    fn view(&self) -> View {
        match (self.after, self.at) {
            (Some(records), _) => View::After(records),
            (None, Some(Instant(time))) => View::At(time),
            (None, None) => View::Whole,
        }
    }
}

/// Each thread reads every record: more of them would do little else.
const MOST_THREADS: usize = 8;

pub(super) fn run(args: &ReplayArgs) -> Result<ExitCode, Failure> {
    let cores = thread::available_parallelism().map_or(1, usize::from);
    let threads = cores.min(MOST_THREADS);
    let filling = Filling {
        options: args.options(),
        shape: args.format_in.unwrap_or_default(),
        limits: Limits {
            record: args.limits.max_record,
            depth: args.limits.max_depth,
        },
    };
    let shards = input::read(&args.files, &filling, threads as u32)?;
    let reports = reports(&shards, args.view());
    let merged = Merged::new(&reports);
    print(&merged, args, threads).map_err(|error| Failure::of_output(&error))?;
    let strict = args.strict && merged.summary.rejected > 0;
    let code = ExitCode::from(u8::from(strict));
    // The process ends here; taking millions of entries apart is no use.
    std::mem::forget(merged);
    std::mem::forget(reports);
    std::mem::forget(shards);
    Ok(code)
}

fn reports(shards: &[Replay], view: View) -> Vec<Report<'_>> {
    thread::scope(|scope| {
        let report = |shard| scope.spawn(move || Replay::report(shard, view));
        let threads: Vec<_> = shards.iter().map(report).collect();
        let done = threads.into_iter().map(|thread| thread.join());
        done.map(|done| done.expect("a report is made without a panic"))
            .collect()
    })
}

fn print(report: &Merged<'_, '_>, args: &ReplayArgs, threads: usize) -> io::Result<()> {
    let mut output = BufWriter::with_capacity(1 << 16, io::stdout().lock());
    match args.format {
        Format::Table => table::print(&mut output, report, args.view())?,
        Format::Json => print::json(&mut output, report, threads)?,
        Format::Ndjson => print::ndjson(&mut output, report, threads)?,
    }
    output.flush()
}
