//! The clock: retention and leases are measured by it.

use jiff::Timestamp;

use super::Finding;

/// Before this version was written, and so wrong.
const EARLIEST: u64 = 1_767_225_600_000;
/// 2100.
const LATEST: u64 = 4_102_444_800_000;

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
            "clock",
            format!("says {shown:.0}, which cannot be: set it, best with NTP"),
        )
    }]
}
