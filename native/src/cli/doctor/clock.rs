//! The clock: retention and leases are measured by it.

use jiff::Timestamp;

use super::{Finding, Name};

/// Before this version was written, and so wrong.
const EARLIEST: u64 = 1_767_225_600_000;
/// 2100.
const LATEST: u64 = 4_102_444_800_000;
/// How many milliseconds two clocks may differ.
const TOLERANCE: u64 = 30_000;
const ADVICE: &str = "set the clock that is wrong, best with NTP";

/// Whether the clock can be right.
pub(super) fn check() -> Vec<Finding> {
    let now = crate::clock::now();
    let shown = i64::try_from(now)
        .ok()
        .and_then(|now| Timestamp::from_millisecond(now).ok())
        .unwrap_or_default();
    vec![if (EARLIEST..LATEST).contains(&now) {
        Finding::good("clock", format!("says {shown:.0}"))
    } else {
        Finding::wrong(
            Name::ClockOff,
            "clock",
            format!("says {shown:.0}, which cannot be"),
            ADVICE,
        )
    }]
}

/// Compares with the clock of a server, `ahead` of ours by so many milliseconds.
pub(super) fn compare(part: &str, server: &str, ahead: i64) -> Option<Finding> {
    let apart = ahead.unsigned_abs();
    (apart > TOLERANCE).then(|| {
        let side = if ahead > 0 { "behind" } else { "ahead of" };
        Finding::wrong(
            Name::ClockOff,
            part,
            format!(
                "the clock of this machine is {} s {side} that of {server}",
                apart / 1_000
            ),
            ADVICE,
        )
    })
}
