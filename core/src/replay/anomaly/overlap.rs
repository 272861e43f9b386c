//! `overlap`: two channels of one client open at once.

use super::{Finds, Found, Kind};
use crate::replay::scene::Scene;

/// Looks at neighbours in connect order; each channel spans from its connect
/// up to, not including, its closing.
pub(super) fn find(scene: &Scene<'_>, found: &mut Finds) {
    if scene.channels.len() < 2 {
        return;
    }
    let mut spans = scene.by_connect().filter_map(|facts| {
        let connect = facts.connect()?;
        let end = facts
            .closing
            .map_or(u64::MAX, |closing| scene.time(closing));
        Some((scene.time(connect), end, connect))
    });
    let Some((_, mut end, _)) = spans.next() else {
        return;
    };
    for (start, later_end, connect) in spans {
        // The later start is the start of what both share.
        if start < end.min(later_end) {
            found.push(Found {
                event: connect,
                kind: Kind::Overlap,
            });
        }
        end = later_end;
    }
}
