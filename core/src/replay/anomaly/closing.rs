//! `orphan_close` and `clock_skew`: a channel's closing against its connect.

use super::{Finds, Found, Kind};
use crate::replay::scene::Scene;

pub(super) fn find(scene: &Scene<'_>, found: &mut Finds) {
    for facts in &scene.channels {
        let Some(closing) = facts.closing else {
            continue;
        };
        match facts.connect() {
            None => found.push(Found {
                event: closing,
                kind: Kind::OrphanClose,
            }),
            Some(connect) if scene.time(closing) < scene.time(connect) => found.push(Found {
                event: closing.max(connect),
                kind: Kind::ClockSkew,
            }),
            Some(_) => {}
        }
    }
}
