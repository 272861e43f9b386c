//! `overlap`: two channels of one client open at once.

use super::{Finds, Found, Kind};
use crate::replay::scene::Scene;

/// Looks at neighbours in connect order; each channel spans from its connect
/// up to, not including, its closing.
pub(super) fn find(scene: &Scene<'_>, found: &mut Finds) {
    // Stable over equal times: channels lie in byte order of their ids.
    let mut spans: Vec<(u64, u64, u32)> = scene
        .channels
        .iter()
        .filter_map(|facts| {
            let connect = facts.connect()?;
            let end = facts
                .closing
                .map_or(u64::MAX, |closing| scene.time(closing));
            Some((scene.time(connect), end, connect))
        })
        .collect();
    spans.sort_by_key(|(start, ..)| *start);
    for pair in spans.windows(2) {
        let ((_, end, _), (start, later_end, connect)) = (pair[0], pair[1]);
        // The later start is the start of what both share.
        if start < end.min(later_end) {
            found.push(Found {
                event: connect,
                kind: Kind::Overlap,
            });
        }
    }
}
