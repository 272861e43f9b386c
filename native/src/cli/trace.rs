//! `mqtt-presence trace`: the way of messages, with times.

use std::io::{self, Write};
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use serde_json::Value;

use super::failure::Failure;
use super::instant::Instant;
use super::safe::{safe, text};
use super::service::{Service, ServiceArgs, in_path};
use super::{cause, table};

/// Show the way of messages from the broker to the answer, with times
///
/// Of a message, or of a client's newest messages: born, stored by the broker,
/// delivered, committed, acknowledged, and what it changed. The times are known
/// to the instance that handled the message, while it remembers, if its source
/// has `trace = true`. Exit code 0: found. 3: nothing found. 2: wrong usage, or
/// the service cannot be reached.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mqtt-presence trace GID_x@@@dev1
  mqtt-presence trace GID_x@@@dev1 --limit 1
  mqtt-presence trace 7F00000100002A9F0000018BCFE56800 --format json")]
pub(super) struct TraceArgs {
    /// A client id, or a RocketMQ message id
    #[arg(value_name = "CLIENT_ID|MESSAGE_ID")]
    id: String,
    #[command(flatten)]
    service: ServiceArgs,
    /// At most so many messages, the newest
    #[arg(long, default_value_t = 10, value_parser = clap::value_parser!(u64).range(1..=1000))]
    limit: u64,
    /// How to print the answer
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// As the service answers, for programs
    Json,
}

/// Asks and prints.
pub(super) fn run(args: &TraceArgs) -> Result<ExitCode, Failure> {
    let service = Service::new(&args.service)?;
    let path = format!("/v1/trace/{}?limit={}", in_path(&args.id), args.limit);
    let answer = service.get(&path)?;
    let Some(messages) = answer["messages"].as_array() else {
        return Err(Failure::Said(format!(
            "`{}` does not answer as mqtt-presence does",
            service.base()
        )));
    };
    let mut output = io::stdout().lock();
    let printed = match args.format {
        Format::Json => writeln!(output, "{answer}"),
        Format::Table if messages.is_empty() => {
            let note = text(&answer["note"]);
            writeln!(output, "nothing is known of `{}`: {note}", safe(&args.id))
        }
        Format::Table => blocks(&mut output, messages),
    };
    printed
        .and_then(|()| output.flush())
        .map_err(|error| Failure::of_output(&error))?;
    Ok(if messages.is_empty() {
        ExitCode::from(3)
    } else {
        ExitCode::SUCCESS
    })
}

fn blocks(output: &mut impl Write, messages: &[Value]) -> io::Result<()> {
    for (index, message) in messages.iter().enumerate() {
        if index > 0 {
            writeln!(output)?;
        }
        block(output, message)?;
    }
    Ok(())
}

fn block(output: &mut impl Write, message: &Value) -> io::Result<()> {
    match message["messageId"].as_str() {
        Some(id) => write!(output, "message {}", safe(id))?,
        None => write!(output, "event")?,
    }
    if let Some(place) = cause::place(message) {
        write!(output, " at {place}")?;
    }
    if let Some(broker) = message["broker"].as_str() {
        write!(output, " of broker {}", safe(broker))?;
    }
    if let Some(retries @ 1..) = message["retries"].as_u64() {
        write!(output, ", given back {retries} times before")?;
    }
    writeln!(output)?;
    for client in message["clientIds"].as_array().into_iter().flatten() {
        writeln!(output, "client {}", text(client))?;
    }
    match message["missing"].as_str() {
        Some(reason) => writeln!(output, "times are not known: {}", safe(reason))?,
        None => writeln!(output, "{}", steps(message))?,
    }
    let changes = message["transitions"].as_array().into_iter().flatten();
    let rejections = message["rejected"].as_array().into_iter().flatten();
    for rejected in rejections.clone() {
        writeln!(
            output,
            "quarantined as {}: {}: {}",
            rejected["id"],
            text(&rejected["code"]),
            text(&rejected["message"])
        )?;
    }
    for change in changes.clone() {
        writeln!(
            output,
            "transition {}: {} is {} by {}",
            change["id"],
            text(&change["clientId"]),
            cause::answer(change),
            cause::event(&change["cause"])
        )?;
    }
    if changes.count() == 0 && rejections.count() == 0 {
        writeln!(output, "it changed no answer")?;
    }
    Ok(())
}

/// When each step was taken, by whose clock, and how long after the one before.
fn steps(message: &Value) -> comfy_table::Table {
    let mut rows = table::new(&["step", "time", "clock", "after"], table::colours());
    let event = &message["transitions"][0]["time"];
    let mut before = None;
    for (step, time, clock) in [
        ("event", event, "MQTT broker"),
        ("born", &message["born"], "producer"),
        ("stored", &message["stored"], "broker"),
        ("delivered", &message["delivered"], "instance"),
        ("committed", &message["committed"], "instance"),
        ("returned", &message["returned"], "instance"),
        ("acknowledged", &message["acknowledged"], "instance"),
    ] {
        let Some(time) = time.as_u64() else {
            continue;
        };
        let after = before.replace(time).map(|before| after(before, time));
        rows.add_row([
            step.to_owned(),
            Instant(time).to_string(),
            clock.to_owned(),
            after.unwrap_or_default(),
        ]);
    }
    rows
}

/// Clocks differ, so it may be less than nothing.
fn after(before: u64, time: u64) -> String {
    let sign = if time < before { '-' } else { '+' };
    match time.abs_diff(before) {
        millis @ 0..10_000 => format!("{sign}{millis} ms"),
        millis => format!("{sign}{}.{} s", millis / 1000, millis % 1000 / 100),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_block_has_each_step_and_what_it_changed() {
        let message = json!({
            "messageId": "7F", "topic": "t", "broker": "b", "queue": 3, "offset": 17, "retries": 0,
            "clientIds": ["c\u{1b}"], "born": 1_000, "stored": 1_002, "delivered": 1_001,
            "committed": 1_050, "returned": null, "acknowledged": 13_250, "missing": null,
            "transitions": [{"id": 9, "clientId": "c", "online": true, "time": 900,
                "cause": {"channelId": "n", "eventType": "connect"}}],
            "rejected": [],
        });
        let mut output = Vec::new();
        block(&mut output, &message).unwrap();
        let output = String::from_utf8(output).unwrap();
        for part in [
            "message 7F at t:3:17 of broker b\n",
            "client c\\u{1b}\n",
            "MQTT broker",
            "+100 ms",
            "-1 ms",
            "+49 ms",
            "+12.2 s",
            "transition 9: c is online by connect of channel n\n",
        ] {
            assert!(output.contains(part), "{output} lacks {part}");
        }
        assert!(!output.contains("returned") && !output.contains("no answer"));
    }
}
