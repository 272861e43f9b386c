//! `never_closed`, or `superseded` with the option `takeover`.

use super::{Finds, Found, Kind};
use crate::replay::scene::Scene;

/// Connects in the order (time, channel id) are newer than those before them,
/// so only the last may be live without being a ghost.
pub(super) fn find(scene: &Scene<'_>, found: &mut Finds) {
    let kind = if scene.options.rule.takeover {
        Kind::Superseded
    } else {
        Kind::NeverClosed
    };
    // Channels lie in byte order, so their place stands for their id.
    let newest = scene
        .channels
        .iter()
        .enumerate()
        .filter_map(|(place, facts)| Some((scene.time(facts.connect()?), place)))
        .max();
    for (place, facts) in scene.channels.iter().enumerate() {
        if let (Some(connect), None) = (facts.connect(), facts.closing)
            && Some((scene.time(connect), place)) < newest
        {
            found.push(Found {
                event: connect,
                kind,
            });
        }
    }
}
