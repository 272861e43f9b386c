//! Progress of long work, on standard error and only on a terminal.

use std::io::{self, IsTerminal};

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Bytes,
    Events,
}

/// A bar over `total` units, a spinner where the total is not known, and
/// nothing where standard error is no terminal or the work is below `large`.
pub(super) fn bar(unit: Unit, total: Option<u64>, large: u64) -> ProgressBar {
    let small = total.is_some_and(|total| total < large);
    if small || !io::stderr().is_terminal() {
        return ProgressBar::hidden();
    }
    let bar = match total {
        Some(total) => ProgressBar::new(total),
        None => ProgressBar::no_length(),
    };
    bar.set_draw_target(ProgressDrawTarget::stderr_with_hz(10));
    bar.with_style(style(unit, total.is_some()))
}

fn style(unit: Unit, known: bool) -> ProgressStyle {
    let template = match (unit, known) {
        (Unit::Bytes, true) => "{bar:30} {bytes} of {total_bytes}, {bytes_per_sec}, {eta} left",
        (Unit::Bytes, false) => "{spinner} {bytes}, {bytes_per_sec}",
        (Unit::Events, true) => "{bar:30} {human_pos} of {human_len} events, {per_sec}, {eta} left",
        (Unit::Events, false) => "{spinner} {human_pos} events, {per_sec}",
    };
    ProgressStyle::with_template(template).expect("the templates above are well-formed")
}
