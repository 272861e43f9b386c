//! A client's answer while its facts are passed one by one, on either axis.

use std::collections::BTreeSet;

use super::scene::Scene;

pub(super) struct Line {
    /// Connect time of each of the scene's channels.
    connects: Vec<Option<u64>>,
    ended: Vec<bool>,
    live: usize,
    /// Time and place of every connect; only `takeover` asks for the newest.
    by_age: Option<BTreeSet<(u64, usize)>>,
}

impl Line {
    /// Before the first fact.
    pub fn new(scene: &Scene<'_>) -> Line {
        Line {
            connects: vec![None; scene.channels.len()],
            ended: vec![false; scene.channels.len()],
            live: 0,
            by_age: scene.options.rule.takeover.then(BTreeSet::new),
        }
    }

    /// Passes a connect; of several of one channel the earliest stays.
    pub fn start(&mut self, channel: usize, time: u64) {
        let connect = &mut self.connects[channel];
        if connect.is_some_and(|kept| kept <= time) {
            return;
        }
        if let Some(by_age) = &mut self.by_age {
            if let Some(later) = *connect {
                by_age.remove(&(later, channel));
            }
            by_age.insert((time, channel));
        }
        if connect.is_none() && !self.ended[channel] {
            self.live += 1;
        }
        *connect = Some(time);
    }

    /// Passes a closing.
    pub fn end(&mut self, channel: usize) {
        if !self.ended[channel] && self.connects[channel].is_some() {
            self.live -= 1;
        }
        self.ended[channel] = true;
    }

    /// Under `takeover` only the newest connect can be live.
    pub fn online(&self) -> bool {
        match &self.by_age {
            None => self.live > 0,
            Some(by_age) => by_age
                .last()
                .is_some_and(|(_, channel)| !self.ended[*channel]),
        }
    }
}
