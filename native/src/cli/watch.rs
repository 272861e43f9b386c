//! `mqtt-presence watch`: transitions as they happen.

use std::io::{self, BufReader, IsTerminal, Write};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use clap::{Args, ValueEnum};
use comfy_table::Color;
use serde_json::Value;

use super::failure::Failure;
use super::instant::Instant;
use super::safe::text;
use super::service::{Service, ServiceArgs, Unanswered, in_path};
use super::{cause, sse, table};
use crate::config::Span;

/// The service shows a sign of life every 15 s.
const SILENCE: Duration = Duration::from_secs(45);
/// Pauses between attempts: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// Print clients going online and offline, as it happens
///
/// Goes on after a broken connection or a restart of the service where it
/// stood, without gap or repeat. Ends with Ctrl-C; with exit code 2 when
/// transitions were dropped before they could be read.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mqtt-presence watch
  mqtt-presence watch --prefix GID_x@@@
  mqtt-presence watch --settle 5s
  mqtt-presence watch --after 0 --format ndjson | jq .clientId")]
pub(super) struct WatchArgs {
    #[command(flatten)]
    service: ServiceArgs,
    /// Only clients whose id begins with this
    #[arg(long, default_value = "")]
    prefix: String,
    /// Only changes that lasted so long, such as 5s; a client that is back
    /// sooner is not printed at all
    #[arg(long, value_name = "DURATION")]
    settle: Option<Span>,
    /// Begin after the transition with this id; 0 for the oldest that is kept
    #[arg(long, value_name = "ID")]
    after: Option<u64>,
    /// How to print; a table on a terminal, NDJSON in a pipe if not given
    #[arg(long, value_enum)]
    format: Option<Format>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One aligned line for each
    Table,
    /// One JSON object a line
    Ndjson,
}

/// Follows until it is interrupted or cannot go on.
pub(super) fn run(args: &WatchArgs) -> Result<ExitCode, Failure> {
    let service = Service::new(&args.service)?;
    end_on_interrupt()?;
    let mut path = format!("/v1/transitions?prefix={}", in_path(&args.prefix));
    if let Some(settle) = args.settle {
        path += &format!("&settle={}", in_path(&settle.to_string()));
    }
    let ndjson = match args.format {
        Some(format) => format == Format::Ndjson,
        None => !io::stdout().is_terminal(),
    };
    let mut follower = Follower {
        last: args.after.map(|id| id.to_string()),
        ndjson,
        colours: table::colours(),
    };
    let mut reached = false;
    let mut pause = PAUSE.0;
    loop {
        match service.follow(&path, follower.last.as_deref(), SILENCE) {
            Ok(answer) => {
                if reached {
                    say("connected again");
                }
                reached = true;
                pause = PAUSE.0;
                follower.print(&mut BufReader::new(answer.into_body().into_reader()))?;
                say("the connection ended; trying again");
            }
            // A service that is being restarted refuses for a while.
            Err(
                Unanswered::Refused {
                    status: 429 | 502 | 503 | 504,
                    ..
                }
                | Unanswered::Unreached(_),
            ) if reached => {}
            Err(unanswered) => return Err(unanswered.into()),
        }
        thread::sleep(pause);
        pause = (pause * 2).min(PAUSE.1);
    }
}

struct Follower {
    last: Option<String>,
    ndjson: bool,
    colours: bool,
}

impl Follower {
    /// Prints until the stream ends or breaks.
    fn print(&mut self, stream: &mut impl io::BufRead) -> Result<(), Failure> {
        while let Ok(Some(event)) = sse::next(stream) {
            if event.name == "gap" {
                return Err(Failure::Said(missed(
                    event.data.as_deref().unwrap_or_default(),
                )));
            }
            if let Some(data) = &event.data {
                self.line(data)
                    .map_err(|error| Failure::of_output(&error))?;
            }
            // Only what was printed counts as seen.
            if event.id.is_some() {
                self.last = event.id;
            }
        }
        Ok(())
    }

    fn line(&self, data: &str) -> io::Result<()> {
        let mut output = io::stdout().lock();
        if self.ndjson {
            writeln!(output, "{data}")?;
        } else {
            let value: Value = serde_json::from_str(data).unwrap_or_default();
            writeln!(output, "{}", self.row(&value))?;
        }
        output.flush()
    }

    fn row(&self, value: &Value) -> String {
        let online = value["online"] == true;
        let (word, colour) = if online {
            ("online ", Color::Green)
        } else {
            ("offline", Color::Red)
        };
        let word = table::paint(word, colour, self.colours);
        let time = Instant(value["time"].as_u64().unwrap_or(0));
        format!(
            "{time}  {word}  {}  ({})",
            text(&value["clientId"]),
            cause::with_message(&value["cause"])
        )
    }
}

fn missed(problem: &str) -> String {
    let problem: Value = serde_json::from_str(problem).unwrap_or_default();
    problem["detail"]
        .as_str()
        .unwrap_or("transitions were dropped before they were read")
        .to_owned()
}

/// To a person, not into a log.
fn say(sentence: &str) {
    if io::stderr().is_terminal() {
        eprintln!("mqtt-presence: {sentence}");
    }
}

/// Ctrl-C is how this command ends, so it ends well.
fn end_on_interrupt() -> Result<(), Failure> {
    let failed = |error: io::Error| Failure::Said(format!("cannot listen for Ctrl-C: {error}"));
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    thread::spawn(move || {
        if runtime.block_on(tokio::signal::ctrl_c()).is_ok() {
            std::process::exit(0);
        }
    });
    Ok(())
}
