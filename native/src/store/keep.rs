//! How much of the past a store keeps.

/// How much history and how many rejected records a store keeps. The oldest
/// go first. Channels are kept as the rule says, not as this does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Keep {
    /// Transitions older than this, in milliseconds, are dropped by the next
    /// sweep. Default 30 days.
    pub history_age: u64,
    /// Most transitions. Default 10,000,000, about 1.5 GB in SQLite;
    /// `memory` keeps at most 1,000,000; `redis` up to 31 more than this.
    pub history_rows: u64,
    /// Most records in the quarantine. Default 10,000.
    pub quarantine_rows: u64,
    /// Most raw bytes in the quarantine. Default 64 MiB.
    pub quarantine_bytes: u64,
}

impl Default for Keep {
    fn default() -> Self {
        Keep {
            history_age: 30 * 24 * 60 * 60 * 1000,
            history_rows: 10_000_000,
            quarantine_rows: 10_000,
            quarantine_bytes: 64 * 1024 * 1024,
        }
    }
}
