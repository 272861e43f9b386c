//! `flapping`: many transitions within a short time.

use std::collections::VecDeque;

use super::{Finds, Found, Kind};
use crate::replay::scene::Scene;

/// Names the transition that completes the count, once a burst; a burst ends
/// when a whole window passes without a transition.
pub(super) fn find(scene: &Scene<'_>, found: &mut Finds) {
    // Each transition needs a fact of its own.
    if scene.events.len() < scene.options.flap_count {
        return;
    }
    let window = scene.options.flap_window;
    let mut recent: VecDeque<u64> = VecDeque::new();
    let mut told = false;
    for &(time, event) in scene.flips() {
        if recent.back().is_some_and(|last| time - last > window) {
            recent.clear();
            told = false;
        }
        recent.push_back(time);
        if recent.len() > scene.options.flap_count {
            recent.pop_front();
        }
        let full = recent.len() == scene.options.flap_count;
        if !told && full && recent.front().is_some_and(|first| time - first <= window) {
            told = true;
            found.push(Found {
                event,
                kind: Kind::Flapping,
            });
        }
    }
}
