//! Times that keep up with a rate.

use super::FleetConfig;
use super::sessions::RAMP;

/// Events that a client has in 100,000 s, once all have connected.
const EVENTS: u64 = 251;
const SECONDS: u64 = 100_000;

/// Maps the time in which devices live to one in which they have `rate`
/// events a second.
#[derive(Debug)]
pub(super) struct Pace {
    start: u64,
    lived: u64,
    taken: u64,
}

impl Pace {
    pub fn new(config: &FleetConfig, rate: u32) -> Pace {
        Pace {
            start: config.start,
            lived: u64::from(config.clients) * EVENTS,
            taken: u64::from(rate.max(1)) * SECONDS,
        }
    }

    /// While the clients come there are half as many events, so the times
    /// begin earlier by what they gain.
    pub fn time(&self, time: u64) -> u64 {
        let lived = u128::from(time - self.start) * u128::from(self.lived);
        let gain = u128::from(RAMP / 2) * u128::from(self.lived);
        let taken = u128::from(self.taken);
        let time = u128::from(self.start) + lived / taken;
        // Never before 1970, nor beyond what an event can say.
        u64::try_from(time.saturating_sub(gain / taken))
            .map_or((1 << 53) - 1, |time| time.clamp(1, (1 << 53) - 1))
    }
}
