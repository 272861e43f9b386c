//! The table that a benchmark prints.

use std::fs;

/// One measured figure.
pub(super) struct Row {
    /// What was measured.
    pub(super) what: String,
    /// Events that were worked off.
    pub(super) events: u64,
    /// Wall-clock seconds.
    pub(super) seconds: f64,
}

/// Prints the rows as Markdown, under the machine's name.
pub(super) fn print(rows: &[Row]) {
    println!("\n{}\n", machine());
    println!("| what | events | seconds | events/s |\n|---|---:|---:|---:|");
    for Row {
        what,
        events,
        seconds,
    } in rows
    {
        println!(
            "| {what} | {events} | {seconds:.2} | {:.0} |",
            *events as f64 / seconds
        );
    }
}

fn machine() -> String {
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
