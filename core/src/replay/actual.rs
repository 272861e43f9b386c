//! The axis of event time: what was so, as all records together tell it.
//!
//! A channel spans from its connect up to, not including, its first closing.
//! So what was so at a time is what the facts up to that time join to.

use super::line::Line;
use super::scene::Scene;
use super::{Answers, Replay, View};
use crate::presence::Client;

impl Replay {
    /// What was so of every client at this event time, in milliseconds since 1970.
    pub fn actual(&self, time: u64) -> Answers<'_> {
        self.answers(View::At(time))
    }

    /// What was so of one client; `None` before its first fact.
    pub fn actual_client(&self, client_id: &str, time: u64) -> Option<Client> {
        self.client(client_id, View::At(time))
    }
}

/// A start or an end on a client's line of event time.
struct Point {
    time: u64,
    event: u32,
    /// Which of the scene's channels.
    channel: usize,
    starts: bool,
}

/// When the client's answer flipped, and by which event. Facts of one time
/// act at once: the event is the one after which, in arrival order, the answer
/// stayed as it was then.
pub(super) fn transitions(scene: &Scene<'_>) -> Vec<(u64, u32)> {
    let mut points = Vec::with_capacity(scene.channels.len() * 2);
    for (channel, facts) in scene.channels.iter().enumerate() {
        for (event, starts) in [(facts.connect(), true), (facts.closing, false)] {
            points.extend(event.map(|event| Point {
                time: scene.time(event),
                event,
                channel,
                starts,
            }));
        }
    }
    points.sort_unstable_by_key(|point| (point.time, point.event));
    let mut line = Line::new(scene);
    let mut flips = Vec::new();
    for at_once in points.chunk_by(|a, b| a.time == b.time) {
        let before = line.online();
        let mut answer = before;
        let mut cause = None;
        for point in at_once {
            if point.starts {
                line.start(point.channel, point.time);
            } else {
                line.end(point.channel);
            }
            if line.online() != answer {
                answer = !answer;
                cause = Some((point.time, point.event));
            }
        }
        if answer != before {
            flips.extend(cause);
        }
    }
    flips
}
