//! What happens to events on their way: lost, doubled, late.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use super::random::Random;
use super::sessions::{Notice, Sessions};
use super::{FleetConfig, Share};

/// How many places later a second copy arrives at most.
const REDELIVERY: u64 = 64;

/// The disturbed stream.
#[derive(Debug)]
pub(super) struct Faults {
    sessions: Sessions,
    random: Random,
    loss: Share,
    duplicate: Share,
    shuffle: u64,
    /// Notices that still may enter.
    left: u64,
    /// Places given so far.
    place: u64,
    /// By the place at which each is due, then the order in which it entered.
    waiting: BinaryHeap<Reverse<(u64, u64, Notice)>>,
    entered: u64,
}

impl Faults {
    pub fn new(sessions: Sessions, config: &FleetConfig, random: Random) -> Faults {
        Faults {
            sessions,
            random,
            // A fleet that loses everything would be searched for ever.
            left: if config.loss == Share::ALL {
                0
            } else {
                config.events
            },
            loss: config.loss,
            duplicate: config.duplicate,
            shuffle: u64::from(config.shuffle),
            place: 0,
            waiting: BinaryHeap::new(),
            entered: 0,
        }
    }

    /// Lets one more notice in, and perhaps its second copy.
    fn admit(&mut self) {
        let sessions = &mut self.sessions;
        let (loss, random) = (self.loss, &mut self.random);
        let Some(notice) = sessions.find(|_| !loss.draw(random)) else {
            self.left = 0;
            return;
        };
        let place = self.place;
        self.place += 1;
        let late = self.random.below(self.shuffle + 1);
        self.wait(place + late, notice);
        if self.duplicate.draw(&mut self.random) {
            let later = self.random.between(1, REDELIVERY);
            self.wait(place + late + later, notice);
        }
    }

    fn wait(&mut self, due: u64, notice: Notice) {
        if self.left > 0 {
            self.left -= 1;
            self.waiting.push(Reverse((due, self.entered, notice)));
            self.entered += 1;
        }
    }
}

impl Iterator for Faults {
    type Item = Notice;

    fn next(&mut self) -> Option<Notice> {
        // What enters from now on is due at `place` or later, and ties go to
        // what entered first.
        while self.left > 0
            && self
                .waiting
                .peek()
                .is_none_or(|Reverse((due, ..))| *due > self.place)
        {
            self.admit();
        }
        self.waiting.pop().map(|Reverse((.., notice))| notice)
    }
}
