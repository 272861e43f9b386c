//! `duplicate` and `conflicting_duplicate`.

use super::{Finds, Found, Kind};
use crate::replay::scene::Scene;

/// Sorted by slot and content, equal records lie side by side; the first to
/// arrive is the original. Of the different contents of one slot, those that
/// did not arrive first are in conflict.
pub(super) fn find(scene: &Scene<'_>, found: &mut Finds) {
    let columns = scene.columns;
    let slot = |event: u32| (columns.channel(event), columns.kind(event));
    let mut sorted: Vec<u32> = Vec::new();
    for of_channel in scene.arrivals.chunk_by(|a, b| a.0 == b.0) {
        let mut kinds = [0; 3];
        for (_, event) in of_channel {
            kinds[columns.kind(*event) as usize] += 1;
        }
        // Most channels have one event a slot.
        if kinds.iter().any(|count| *count > 1) {
            sorted.extend(of_channel.iter().map(|(_, event)| *event));
        }
    }
    sorted.sort_unstable_by(|a, b| {
        slot(*a)
            .cmp(&slot(*b))
            .then_with(|| columns.compare_content(*a, *b))
            .then(a.cmp(b))
    });
    for of_slot in sorted.chunk_by(|a, b| slot(*a) == slot(*b)) {
        if of_slot.len() == 1 {
            continue;
        }
        let first = of_slot.iter().min();
        for equal in of_slot.chunk_by(|a, b| columns.compare_content(*a, *b).is_eq()) {
            if equal.first() != first {
                found.extend(equal.first().map(|event| Found {
                    event: *event,
                    kind: Kind::ConflictingDuplicate,
                }));
            }
            found.extend(equal.iter().skip(1).map(|event| Found {
                event: *event,
                kind: Kind::Duplicate,
            }));
        }
    }
}
