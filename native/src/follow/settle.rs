//! Which changes last: a client that blinks is not told of.
//!
//! A change settles when the client's next one comes `settle` or more after
//! it, by the times at which the store took them. It is told unless the
//! answer is the one that was told last: after a blink nothing has changed.
//! Changes are decided in the order of their ids, so the id of the last one
//! decided is a place to go on from: what was still settling is read again,
//! and its time runs from when the store took it, not from the new start.

use std::collections::{HashMap, VecDeque};

use crate::store::Numbered;

/// Most changes that wait at once, some 4 MB.
const MOST: usize = 16_384;

/// The changes whose time is not over.
pub struct Settling {
    /// Milliseconds.
    settle: u64,
    waiting: VecDeque<Waiting>,
    /// Of each client that waits, its newest change.
    newest: HashMap<String, u64>,
    /// All that was stored until then has been seen.
    seen: u64,
}

struct Waiting {
    change: Numbered,
    /// The answer that was told before it; `None` where that is not known.
    before: Option<bool>,
    /// Another change came too soon.
    undone: bool,
    /// None will come.
    sure: bool,
}

/// What became of the oldest change.
#[derive(Debug, PartialEq)]
pub enum Decided {
    /// It lasted, and is news.
    Lasted(Numbered),
    /// It did not last, or the answer is the one that was told before.
    Passed,
}

impl Settling {
    pub fn new(settle: u64) -> Settling {
        Settling {
            settle,
            waiting: VecDeque::new(),
            newest: HashMap::new(),
            seen: 0,
        }
    }

    /// Whether a change of this client waits, so that what was told before is known.
    pub fn knows(&self, client_id: &str) -> bool {
        self.newest.contains_key(client_id)
    }

    /// How long a change must last.
    pub fn millis(&self) -> u64 {
        self.settle
    }

    pub fn is_full(&self) -> bool {
        self.waiting.len() >= MOST
    }

    /// The oldest change, and when its time is over.
    pub fn oldest(&self) -> Option<(&Numbered, u64)> {
        let waiting = self.waiting.front()?;
        Some((&waiting.change, self.end(&waiting.change)))
    }

    /// The next change of the stream. `before` is what its client's answer
    /// was told to be, asked for only where no change of it waits.
    pub fn push(&mut self, change: Numbered, before: Option<bool>) {
        let client = &change.transition.client_id;
        let known = self.newest.insert(client.clone(), change.id);
        let place = known.and_then(|id| self.place(id));
        let before = match place.and_then(|place| self.waiting.get_mut(place)) {
            None => before,
            Some(earlier) => {
                let taken = earlier.change.transition.observed_at;
                if change.transition.observed_at < taken.saturating_add(self.settle) {
                    earlier.undone = true;
                    earlier.before
                } else {
                    Some(earlier.change.transition.online)
                }
            }
        };
        self.waiting.push_back(Waiting {
            change,
            before,
            undone: false,
            sure: false,
        });
    }

    /// Everything that the store had at this time was pushed.
    pub fn saw(&mut self, until: u64) {
        self.seen = self.seen.max(until);
    }

    /// The oldest change did not last, although the next one is not here.
    pub fn undo(&mut self) {
        if let Some(oldest) = self.waiting.front_mut() {
            oldest.undone = true;
        }
    }

    /// The oldest change lasted, although not all was seen.
    pub fn confirm(&mut self) {
        if let Some(oldest) = self.waiting.front_mut() {
            oldest.sure = true;
        }
    }

    /// Decides on the oldest change; `None` as long as that cannot be done.
    pub fn decide(&mut self) -> Option<Decided> {
        let oldest = self.waiting.front()?;
        let end = self.end(&oldest.change);
        // Those after it come later still.
        let last = self.waiting.back()?.change.transition.observed_at;
        let known = oldest.undone || oldest.sure;
        if !known && self.seen < end && last < end {
            return None;
        }
        let Waiting {
            change,
            before,
            undone,
            ..
        } = self.waiting.pop_front()?;
        if self.newest.get(&change.transition.client_id) == Some(&change.id) {
            self.newest.remove(&change.transition.client_id);
        }
        if undone || before == Some(change.transition.online) {
            return Some(Decided::Passed);
        }
        Some(Decided::Lasted(change))
    }

    fn end(&self, change: &Numbered) -> u64 {
        change.transition.observed_at.saturating_add(self.settle)
    }

    fn place(&self, id: u64) -> Option<usize> {
        self.waiting
            .binary_search_by_key(&id, |waiting| waiting.change.id)
            .ok()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use std::collections::HashMap;

    use mqtt_presence_core::event::Kind;
    use mqtt_presence_core::presence::{Cause, Transition};
    use proptest::prelude::*;

    use super::*;

    const SETTLE: u64 = 10;

    fn change(id: u64, client: u8, online: bool, at: u64) -> Numbered {
        Numbered {
            id,
            transition: Transition {
                client_id: client.to_string(),
                online,
                time: at,
                observed_at: at,
                cause: Cause {
                    channel_id: "c".into(),
                    event_type: Kind::Connect,
                    message_id: None,
                    topic: None,
                    queue: None,
                    offset: None,
                },
                synthetic: false,
            },
        }
    }

    /// Clients and pauses as a log in which each client's answers alternate.
    fn log(steps: &[(u8, u64)]) -> Vec<Numbered> {
        let (mut at, mut online) = (1_000, HashMap::new());
        let changes = (1..).zip(steps).map(|(id, (client, pause))| {
            at += pause;
            let answer = online.entry(*client).or_insert(false);
            *answer = !*answer;
            change(id, *client, *answer, at)
        });
        changes.collect()
    }

    /// The same by looking at the whole log.
    fn lasting(log: &[Numbered]) -> Vec<u64> {
        let mut told: HashMap<&str, bool> = HashMap::new();
        let mut ids = Vec::new();
        for change in log {
            let Transition {
                client_id,
                observed_at,
                online,
                ..
            } = &change.transition;
            let mut later = log.iter().filter(|other| other.id > change.id);
            let next = later.find(|other| other.transition.client_id == *client_id);
            let lasted = next.is_none_or(|n| n.transition.observed_at >= observed_at + SETTLE);
            if lasted && told.insert(client_id, *online).unwrap_or(false) != *online {
                ids.push(change.id);
            }
        }
        ids
    }

    fn drain(settling: &mut Settling, told: &mut Vec<u64>) {
        while let Some(decided) = settling.decide() {
            if let Decided::Lasted(change) = decided {
                told.push(change.id);
            }
        }
    }

    proptest! {
        #[test]
        fn tells_what_the_whole_log_tells(
            steps in prop::collection::vec((0..4_u8, 0..15_u64), 0..60),
            live: bool,
        ) {
            let log = log(&steps);
            let (mut settling, mut told) = (Settling::new(SETTLE), Vec::new());
            for change in &log {
                if live {
                    settling.saw(change.transition.observed_at - 1);
                    drain(&mut settling, &mut told);
                }
                settling.push(change.clone(), Some(!change.transition.online));
            }
            settling.saw(u64::MAX);
            drain(&mut settling, &mut told);
            prop_assert_eq!(told, lasting(&log));
            prop_assert!(settling.newest.is_empty() && settling.waiting.is_empty());
        }
    }

    #[test]
    fn waits_for_its_time_and_no_longer() {
        let mut settling = Settling::new(SETTLE);
        settling.push(change(1, 1, true, 100), Some(false));
        settling.saw(109);
        assert_eq!(settling.decide(), None);
        settling.saw(110);
        assert!(matches!(settling.decide(), Some(Decided::Lasted(_))));
    }

    #[test]
    fn in_doubt_it_is_told() {
        let mut settling = Settling::new(SETTLE);
        // Whether the change before these two was told is not known.
        settling.push(change(2, 1, false, 100), None);
        settling.push(change(3, 1, true, 105), Some(false));
        settling.saw(u64::MAX);
        assert_eq!(settling.decide(), Some(Decided::Passed));
        assert!(matches!(settling.decide(), Some(Decided::Lasted(_))));
    }
}
