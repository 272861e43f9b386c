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
    for (_, value) in named(&mut totals) {
        *value = MIDDLE;
    }
    totals
}

/// What a batch adds to each total.
pub(super) fn deltas(before: &Totals, after: &Totals) -> Vec<(&'static str, i64)> {
    let (mut before, mut after) = (before.clone(), after.clone());
    let both = named(&mut before).into_iter().zip(named(&mut after));
    both.map(|((name, before), (_, after))| (name, after.cast_signed() - before.cast_signed()))
        .filter(|(_, delta)| *delta != 0)
        .collect()
}

/// The totals that depend on clients, under their names in the hash.
pub(super) fn named(totals: &mut Totals) -> [(&'static str, &mut u64); 7] {
    [
        ("clients", &mut totals.clients),
        ("online", &mut totals.online),
        ("live", &mut totals.channels.live),
        ("closed", &mut totals.channels.closed),
        ("orphan", &mut totals.channels.orphan),
        ("superseded", &mut totals.channels.superseded),
        ("suspect", &mut totals.channels.suspect),
    ]
}
