//! What was measured, kept: `tests/bench/figures.json`, and from it the table
//! in README.md and the chart beside it. A row that is measured anew takes the
//! place of the one of its name; each says on what machine it was measured.

use std::fs;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::chart;
use super::table::{Aim, Row, markdown};
use crate::place;

const BEGIN: &str = "<!-- `cargo xtask bench --record` writes from here -->\n";
const END: &str = "<!-- to here -->\n";

/// Keeps the rows, and writes what is made of all that are kept.
pub(super) fn keep(rows: Vec<Row>) -> Result<(), String> {
    let path = place::root().join("tests/bench/figures.json");
    let kept: Value = match fs::read(&path) {
        Ok(text) => serde_json::from_slice(&text).map_err(|error| said(&path, &error))?,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => json!([]),
        Err(error) => return Err(said(&path, &error)),
    };
    let mut all: Vec<(Row, String)> = kept
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(read)
        .collect();
    for row in rows {
        match all.iter_mut().find(|(known, _)| known.what == row.what) {
            Some(known) => *known = (row, machine()),
            None => all.push((row, machine())),
        }
    }
    let written: Vec<Value> = all
        .iter()
        .map(|(row, machine)| write(row, machine))
        .collect();
    save(&path, &(pretty(&written) + "\n"))?;
    let machines = machines(&all);
    let rows: Vec<Row> = all.into_iter().map(|(row, _)| row).collect();
    save(&place::root().join("docs/figures.svg"), &chart::of(&rows))?;
    readme(&format!(
        "{}\n![The share of each aim that is reached](docs/figures.svg)\n\nMeasured on {machines}.\n",
        markdown(&rows)
    ))
}

/// `docs/growth.svg`, how the cost grows with the clients.
pub(super) fn growth(svg: &str) -> Result<(), String> {
    save(&place::root().join("docs/growth.svg"), svg)
}

fn readme(block: &str) -> Result<(), String> {
    let path = place::root().join("README.md");
    let text = fs::read_to_string(&path).map_err(|error| said(&path, &error))?;
    let places = (text.find(BEGIN), text.find(END));
    let (Some(begin), Some(end)) = places else {
        return Err(format!("`{}` has no place for the figures", path.display()));
    };
    let (before, after) = (&text[..begin + BEGIN.len()], &text[end..]);
    save(&path, &format!("{before}{block}{after}"))
}

fn machines(rows: &[(Row, String)]) -> String {
    let mut names: Vec<&str> = rows.iter().map(|(_, machine)| machine.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.join("; ")
}

fn write(row: &Row, machine: &str) -> Value {
    let aim = row.aim.map(|aim| match aim {
        Aim::AtLeast(least) => json!({ "atLeast": least }),
        Aim::AtMost(most) => json!({ "atMost": most }),
        Aim::Times(times) => json!({ "timesThePeer": times }),
    });
    let peer = row
        .peer
        .as_ref()
        .map(|(what, figure)| json!({ "what": what, "figure": figure }));
    json!({
        "what": row.what, "figure": row.figure, "unit": row.unit, "peer": peer,
        "ratio": row.ratio(), "aim": aim, "reached": row.reached(), "machine": machine,
    })
}

fn read(value: &Value) -> Option<(Row, String)> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let aim = &value["aim"];
    let aim = (aim["atLeast"].as_f64().map(Aim::AtLeast))
        .or_else(|| aim["atMost"].as_f64().map(Aim::AtMost))
        .or_else(|| aim["timesThePeer"].as_f64().map(Aim::Times));
    let peer = &value["peer"];
    let row = Row {
        what: text(&value["what"])?,
        figure: value["figure"].as_f64()?,
        unit: text(&value["unit"])?,
        peer: text(&peer["what"]).zip(peer["figure"].as_f64()),
        aim,
    };
    Some((row, text(&value["machine"])?))
}

/// One line a row.
fn pretty(rows: &[Value]) -> String {
    let lines: Vec<String> = rows.iter().map(|row| format!("  {row}")).collect();
    format!("[\n{}\n]", lines.join(",\n"))
}

fn save(path: &PathBuf, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| said(path, &error))
}

fn said(path: &std::path::Path, error: &dyn std::fmt::Display) -> String {
    format!("`{}`: {error}", path.display())
}

/// Processor, cores and system.
pub(super) fn machine() -> String {
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name"))
        .map_or("unknown processor", |rest| {
            rest.trim_start_matches([' ', '\t', ':'])
        });
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!(
        "{model}, {cores} cores, {} {}",
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_comes_back() {
        let row = Row::rate("r", 300, 2.0)
            .beside("p", 50.0)
            .aim(Aim::Times(2.0));
        let written = write(&row, "m");
        let (back, machine) = read(&written).expect("it was just written");
        assert_eq!(write(&back, &machine), written);
    }
}
