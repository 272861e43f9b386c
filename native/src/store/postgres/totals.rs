//! The row of totals, which also says whose turn it is.

use tokio_postgres::Row;

use crate::store::join::Totals;

/// The row as a statement has it; the order of [`of`].
macro_rules! columns {
    () => {
        "rule, partitioned_until, batch, clients, online, live, closed, orphan, superseded, suspect, \
         last_transition, quarantined, quarantined_bytes, last_quarantined, quarantine_dropped"
    };
}
pub(super) use columns;

/// The totals, and what else the writer must know of the row.
#[derive(Clone, Debug, Default)]
pub(super) struct Turn {
    pub totals: Totals,
    /// The rule that was counted under.
    pub rule: String,
    /// The first transition id that no partition takes.
    pub partitioned_until: u64,
}

pub(super) fn of(row: &Row) -> Turn {
    let number = |column: usize| row.get::<_, i64>(column).cast_unsigned();
    let mut totals = Totals {
        batches: number(2),
        clients: number(3),
        online: number(4),
        last_transition: number(10),
        quarantined: number(11),
        quarantined_bytes: number(12),
        last_quarantined: number(13),
        quarantine_dropped: number(14),
        ..Totals::default()
    };
    totals.channels.live = number(5);
    totals.channels.closed = number(6);
    totals.channels.orphan = number(7);
    totals.channels.superseded = number(8);
    totals.channels.suspect = number(9);
    Turn {
        totals,
        rule: row.get(0),
        partitioned_until: number(1),
    }
}

/// The totals as one array, in the order in which the write statement takes them.
pub(super) fn array(totals: &Totals) -> Vec<i64> {
    let channels = &totals.channels;
    [
        totals.batches,
        totals.clients,
        totals.online,
        channels.live,
        channels.closed,
        channels.orphan,
        channels.superseded,
        channels.suspect,
        totals.last_transition,
        totals.quarantined,
        totals.quarantined_bytes,
        totals.last_quarantined,
        totals.quarantine_dropped,
    ]
    .map(u64::cast_signed)
    .to_vec()
}
