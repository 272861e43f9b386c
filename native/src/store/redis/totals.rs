//! Totals as differences, which several instances can add up.

use crate::store::join::Totals;

/// Far from zero, so that a batch can take away as well as add.
const MIDDLE: u64 = 1 << 40;

/// The totals to stage a batch on when the real ones are not known.
pub(super) fn middle(last_transition: u64) -> Totals {
    let mut totals = Totals {
        last_transition,
        ..Totals::default()
    };
    for (_, value) in totals.of_clients() {
        *value = MIDDLE;
    }
    totals
}

/// What a batch adds to each total.
pub(super) fn deltas(before: &Totals, after: &Totals) -> Vec<(&'static str, i64)> {
    let (mut before, mut after) = (before.clone(), after.clone());
    let both = before.of_clients().into_iter().zip(after.of_clients());
    both.map(|((name, before), (_, after))| (name, after.cast_signed() - before.cast_signed()))
        .filter(|(_, delta)| *delta != 0)
        .collect()
}
