//! `late` and `out_of_order`: what the order of arrival shows.

use super::{Finds, Found, Kind};
use crate::event::Kind as Event;
use crate::replay::scene::Scene;

/// Runs after the search for duplicates, which are not late.
pub(super) fn find_late(scene: &Scene<'_>, found: &mut Finds) {
    let behind = |event: &&u32| scene.columns.lag(**event) > scene.options.late_after;
    if !scene.events.iter().any(|event| behind(&event)) {
        return;
    }
    let mut duplicates: Vec<u32> = found
        .iter()
        .filter(|found| found.kind == Kind::Duplicate)
        .map(|found| found.event)
        .collect();
    duplicates.sort_unstable();
    found.extend(
        scene
            .events
            .iter()
            .filter(behind)
            .filter(|event| duplicates.binary_search(event).is_err())
            .map(|event| Found {
                event: *event,
                kind: Kind::Late,
            }),
    );
}

/// A channel's first connect that finds a closing already there.
pub(super) fn find_out_of_order(scene: &Scene<'_>, found: &mut Finds) {
    let columns = scene.columns;
    for of_channel in scene.arrivals.chunk_by(|a, b| a.0 == b.0) {
        let mut closed = false;
        for (_, event) in of_channel {
            match columns.kind(*event) {
                Event::Connect => {
                    if closed {
                        found.push(Found {
                            event: *event,
                            kind: Kind::OutOfOrder,
                        });
                    }
                    break;
                }
                kind => closed |= scene.options.rule.closing.closes(kind),
            }
        }
    }
}
