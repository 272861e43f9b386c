//! The report for people.

use std::collections::BTreeMap;
use std::io::{self, Write};

use comfy_table::Color;
use mqtt_presence_core::presence::Status;
use mqtt_presence_core::replay::{AnomalyEntry, ClientEntry, ErrorEntry, Merged, View};

use crate::cli::instant::Instant;
use crate::cli::safe::safe;
use crate::cli::table;

/// Rows of clients, and of errors, before the rest is only counted.
const ROWS: usize = 50;

/// So many records of one kind are named.
const NAMED: usize = 3;

/// Prints summary, clients and errors.
pub(super) fn print(
    output: &mut impl Write,
    report: &Merged<'_, '_>,
    view: View,
) -> io::Result<()> {
    let colours = table::colours();
    summary(output, report, view)?;
    if !report.clients.is_empty() {
        clients(output, &report.clients, colours)?;
    }
    if !report.errors.is_empty() {
        errors(output, report.errors, colours)?;
    }
    Ok(())
}

fn summary(output: &mut impl Write, report: &Merged<'_, '_>, view: View) -> io::Result<()> {
    let summary = report.summary;
    let when = match view {
        View::Whole => String::new(),
        View::After(records) => format!(" as believed after {}", count(records, "record")),
        View::At(time) => format!(" at {}", Instant(time)),
    };
    writeln!(
        output,
        "{}: {} online{when}",
        count(summary.clients, "client"),
        grouped(summary.online)
    )?;
    writeln!(
        output,
        "{}: {} accepted ({}), {} rejected",
        count(summary.records, "record"),
        grouped(summary.accepted),
        count(summary.duplicates, "duplicate"),
        grouped(summary.rejected)
    )
}

/// Those with something odd first, then those online, each in byte order.
fn clients(output: &mut impl Write, clients: &[&ClientEntry<'_>], colours: bool) -> io::Result<()> {
    let rank = |client: &ClientEntry<'_>| (client.anomalies.is_empty(), !client.online);
    let mut shown = clients.to_vec();
    shown.sort_by_key(|client| rank(client));
    shown.truncate(ROWS);
    let mut table = table::new(
        &["client", "status", "channels", "last event", "anomalies"],
        colours,
    );
    for client in shown {
        let status = match client.status {
            Status::Online => Color::Green,
            Status::Suspect => Color::Yellow,
            Status::Offline | Status::Unknown => Color::DarkGrey,
        };
        table.add_row([
            comfy_table::Cell::new(safe(client.client_id)),
            table::cell(client.status, status, colours),
            comfy_table::Cell::new(channels(client)),
            comfy_table::Cell::new(last(client)),
            table::cell(anomalies(&client.anomalies), Color::Yellow, colours),
        ]);
    }
    writeln!(output, "\n{}", table.trim_fmt())?;
    rest(output, clients.len(), "client")
}

fn errors(output: &mut impl Write, errors: &[ErrorEntry<'_>], colours: bool) -> io::Result<()> {
    let mut table = table::new(&["record", "line:column", "error", "message"], colours);
    for error in errors.iter().take(ROWS) {
        let place = match error.file {
            Some(file) => format!("{} {}:{}", safe(file), error.line, error.column),
            None => format!("{}:{}", error.line, error.column),
        };
        table.add_row([
            comfy_table::Cell::new(error.record),
            comfy_table::Cell::new(place),
            table::cell(error.code, Color::Red, colours),
            comfy_table::Cell::new(safe(error.message)),
        ]);
    }
    writeln!(output, "\n{}", table.trim_fmt())?;
    rest(output, errors.len(), "error")
}

/// How many rows were left out, and how to see them.
fn rest(output: &mut impl Write, all: usize, what: &str) -> io::Result<()> {
    match all.checked_sub(ROWS) {
        None | Some(0) => Ok(()),
        Some(more) => writeln!(
            output,
            "… and {} more; `--format ndjson` or `--format json` prints all",
            count(more as u64, what)
        ),
    }
}

/// `1 live, 2 closed`.
fn channels(client: &ClientEntry<'_>) -> String {
    let mut counts = BTreeMap::new();
    for channel in &client.channels {
        *counts.entry(channel.state).or_insert(0_u64) += 1;
    }
    let counts: Vec<String> = counts
        .iter()
        .map(|(state, count)| format!("{} {state}", grouped(*count)))
        .collect();
    counts.join(", ")
}

/// Time of the latest fact.
fn last(client: &ClientEntry<'_>) -> String {
    let facts = client
        .channels
        .iter()
        .flat_map(|channel| [&channel.connect, &channel.disconnect, &channel.tcpclean]);
    let latest = facts.flatten().map(|fact| fact.time).max();
    latest.map_or_else(String::new, |time| Instant(time).to_string())
}

/// `duplicate (record 3), late (records 4, 5, 9 and 2 more)`.
fn anomalies(anomalies: &[AnomalyEntry<'_>]) -> String {
    let mut kinds: BTreeMap<_, Vec<u64>> = BTreeMap::new();
    for anomaly in anomalies {
        kinds.entry(anomaly.kind).or_default().push(anomaly.record);
    }
    let kinds: Vec<String> = kinds
        .iter()
        .map(|(kind, records)| format!("{} ({})", kind.as_str(), named(records)))
        .collect();
    kinds.join(", ")
}

fn named(records: &[u64]) -> String {
    let named: Vec<String> = records.iter().take(NAMED).map(u64::to_string).collect();
    let word = if records.len() == 1 {
        "record"
    } else {
        "records"
    };
    let more = records.len().saturating_sub(NAMED);
    let more = if more > 0 {
        format!(" and {more} more")
    } else {
        String::new()
    };
    format!("{word} {}{more}", named.join(", "))
}

/// `1 client`, `1,200 clients`.
fn count(number: u64, what: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{} {what}{plural}", grouped(number))
}

fn grouped(number: u64) -> String {
    indicatif::HumanCount(number).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn records_are_named_up_to_three() {
        assert_eq!(named(&[7]), "record 7");
        assert_eq!(named(&[7, 8]), "records 7, 8");
        assert_eq!(named(&[1, 2, 3, 4, 5]), "records 1, 2, 3 and 2 more");
        assert_eq!(count(1, "client"), "1 client");
        assert_eq!(count(1_200, "client"), "1,200 clients");
    }
}
