//! The row of totals, which also says whose turn it is.

use tokio_postgres::Row;

use crate::store::join::Totals;

/// The row as a statement has it: from the third on the order of [`Totals::named`].
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
    let mut totals = Totals::default();
    for (column, (_, total)) in (2..).zip(totals.named()) {
        *total = number(column);
    }
    Turn {
        totals,
        rule: row.get(0),
        partitioned_until: number(1),
    }
}

/// The totals as one array, in the order of [`Totals::named`], in which the write
/// statement takes them.
pub(super) fn array(totals: &Totals) -> Vec<i64> {
    let mut copy = totals.clone();
    copy.named().map(|(_, total)| total.cast_signed()).to_vec()
}
