//! What the clients do: connect, stay a while, go, come back.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use mqtt_presence_core::event::{Event, Kind};

use super::FleetConfig;
use super::random::Random;

const SECOND: u64 = 1_000;
const MINUTE: u64 = 60 * SECOND;

/// Within this time each client connects first.
pub(super) const RAMP: u64 = 20 * MINUTE;

/// Every so manieth client flaps now and then.
const FLAPPING: u32 = 50;

/// One event, without texts; ordered by time, then by when it was planned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Notice {
    time: u64,
    planned: u64,
    client: u32,
    kind: Kind,
    channel: u128,
    port: u16,
    /// Short sessions still to come in a burst of flapping.
    burst: u8,
}

impl Notice {
    /// The event in words.
    pub fn into_event(self) -> Event {
        let [_, b, c, d] = self.client.to_be_bytes();
        Event {
            client_id: format!("GID_fleet@@@device-{:06}", u64::from(self.client) + 1),
            channel_id: format!("{:032x}", self.channel),
            kind: self.kind,
            time: self.time,
            client_ip: Some(format!("10.{b}.{c}.{d}:{}", self.port)),
            extra: None,
        }
    }
}

/// The fleet's events in order of time, without end.
#[derive(Debug)]
pub(super) struct Sessions {
    random: Random,
    channels: u128,
    plan: BinaryHeap<Reverse<Notice>>,
    planned: u64,
}

impl Sessions {
    /// Plans each client's first connect.
    pub fn new(config: &FleetConfig, mut random: Random) -> Sessions {
        let first = |client| {
            Reverse(Notice {
                time: config.start + random.below(RAMP),
                planned: u64::from(client),
                client,
                kind: Kind::Connect,
                channel: 0,
                port: 0,
                burst: 0,
            })
        };
        let plan: Vec<_> = (0..config.clients).map(first).collect();
        Sessions {
            random,
            plan: BinaryHeap::from(plan),
            planned: u64::from(config.clients),
            channels: u128::from(config.channels),
        }
    }

    /// Draws the connection and plans its end and the connect after it.
    fn connect(&mut self, notice: &mut Notice) {
        let random = &mut self.random;
        let drawn = u128::from(random.next()) << 64 | u128::from(random.next());
        notice.channel = drawn ^ self.channels;
        notice.port = random.between(1_024, 65_535) as u16;
        let short = notice.burst > 0;
        let stay = if short {
            random.between(2 * SECOND, 8 * SECOND)
        } else {
            random.between(MINUTE, 30 * MINUTE)
        };
        let away = if short {
            random.between(SECOND, 3 * SECOND)
        } else {
            random.between(5 * SECOND, 5 * MINUTE)
        };
        let end = notice.time + stay;
        match random.below(10) {
            // The client says goodbye, the server then cleans up.
            0..6 => {
                let clean = end + random.between(1, 50);
                self.plan(*notice, Kind::Disconnect, end);
                self.plan(*notice, Kind::Tcpclean, clean);
                self.plan_connect(*notice, clean + away);
            }
            // The line goes dead.
            6..9 => {
                self.plan(*notice, Kind::Tcpclean, end);
                self.plan_connect(*notice, end + away);
            }
            // It comes back on a new line before the old one is given up.
            _ => {
                let clean = end + random.between(1, 45 * SECOND);
                self.plan(*notice, Kind::Tcpclean, clean);
                self.plan_connect(*notice, end);
            }
        }
    }

    fn plan_connect(&mut self, mut notice: Notice, time: u64) {
        notice.burst = match notice.burst {
            0 if notice.client % FLAPPING == 7 && self.random.below(4) == 0 => 6,
            burst => burst.saturating_sub(1),
        };
        self.plan(notice, Kind::Connect, time);
    }

    fn plan(&mut self, mut notice: Notice, kind: Kind, time: u64) {
        notice.kind = kind;
        notice.time = time;
        notice.planned = self.planned;
        self.planned += 1;
        self.plan.push(Reverse(notice));
    }
}

impl Iterator for Sessions {
    type Item = Notice;

    fn next(&mut self) -> Option<Notice> {
        let Reverse(mut notice) = self.plan.pop()?;
        if notice.kind == Kind::Connect {
            self.connect(&mut notice);
        }
        Some(notice)
    }
}
