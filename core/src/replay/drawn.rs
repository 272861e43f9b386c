//! Timelines of the clients that are on the screen.

use std::collections::BTreeMap;

use super::scene::Scene;
use super::timeline::{self, Timeline};
use super::{Replay, anomaly};

/// How many events the timelines may be of that are kept beside those asked for.
const KEPT: usize = 1 << 19;

/// Timelines are kept from question to question, and made anew when more of
/// the recording is there.
#[derive(Debug, Default)]
pub(super) struct Drawn {
    /// Of how many events of the recording they are.
    events: u32,
    timelines: BTreeMap<u32, Timeline>,
}

impl Drawn {
    /// Forgets all of them.
    pub fn clear(&mut self) {
        self.timelines.clear();
    }
}

impl Replay {
    /// Hands over the timeline of each of these clients.
    pub(super) fn timelines(&mut self, clients: &[u32], mut each: impl FnMut(&Timeline)) {
        let mut drawn = std::mem::take(&mut self.drawn);
        if drawn.events != self.columns.len() {
            drawn.clear();
            drawn.events = self.columns.len();
        }
        for client in clients {
            if *client as usize >= self.columns.clients.len() {
                each(&Timeline::default());
                continue;
            }
            each(
                drawn
                    .timelines
                    .entry(*client)
                    .or_insert_with(|| self.timeline(*client)),
            );
        }
        let events = |timeline: &Timeline| timeline.times.len();
        if drawn.timelines.values().map(events).sum::<usize>() > KEPT {
            drawn.timelines.retain(|client, _| clients.contains(client));
        }
        self.drawn = drawn;
    }

    fn timeline(&self, client: u32) -> Timeline {
        let scene = self.scene(client, self.columns.len());
        let span = self.columns.span().unwrap_or_default();
        Timeline::new(
            &scene,
            &timeline::beliefs(&scene),
            &anomaly::find(&scene),
            span,
        )
    }

    /// A client's part of the first so many events.
    pub(super) fn scene(&self, client: u32, events: u32) -> Scene<'_> {
        Scene::alone(&self.columns, &self.options, client, events)
    }
}
