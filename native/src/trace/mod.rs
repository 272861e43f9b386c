//! The way of messages from the broker to the store, as far back as a bounded
//! memory of this instance goes. Stores keep what messages changed; when each
//! was born, stored, delivered, committed and acknowledged is here alone, and
//! only of sources that have `trace = true`.

use std::ops::Range;
use std::sync::{Mutex, MutexGuard, PoisonError};

mod ring;

use ring::Ring;

/// About how many bytes are remembered: some 50,000 messages.
const BYTES: usize = 32 * 1024 * 1024;

/// A queue that messages are read from.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Queue {
    /// The broker's name.
    pub broker: String,
    /// Whether it is one of the group's retry topic, not of the topic.
    pub retry: bool,
    /// Its number.
    pub id: i32,
}

/// A message that was delivered to this instance.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Message {
    /// Its id; the same over a redelivery.
    pub message_id: String,
    /// Its topic, as it was sent.
    pub topic: String,
    /// Where it was read.
    pub queue: Queue,
    /// Its offset there.
    pub offset: u64,
    /// How often it was given back before.
    pub retries: u32,
    /// The clients of its events, each once.
    pub clients: Vec<String>,
    /// Whether it has records for the quarantine.
    pub rejected: bool,
    /// When its producer made it, by the producer's clock.
    pub born: u64,
    /// When the broker stored it, by the broker's clock.
    pub stored: u64,
}

/// A message and when its steps were taken, in milliseconds since 1970.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Way {
    /// The message.
    pub message: Message,
    /// When it came here.
    pub delivered: u64,
    /// When the store had it.
    pub committed: Option<u64>,
    /// When it was left uncommitted, to be read again.
    pub returned: Option<u64>,
    /// When the broker was told an offset past it.
    pub acknowledged: Option<u64>,
}

/// What this instance remembers.
#[derive(Debug)]
pub struct Traces {
    since: u64,
    ring: Mutex<Ring>,
}

impl Traces {
    /// Remembers from `now` on.
    pub fn new(now: u64) -> Traces {
        Traces::with_bytes(now, BYTES)
    }

    /// The same with another bound. The newest message is always remembered.
    pub fn with_bytes(now: u64, bytes: usize) -> Traces {
        Traces {
            since: now,
            ring: Mutex::new(Ring::new(bytes)),
        }
    }

    /// Messages have come; the numbers stand for them in what follows.
    pub fn delivered(&self, messages: Vec<Message>, now: u64) -> Range<u64> {
        self.ring().push(messages, now)
    }

    /// The store has these messages.
    pub fn committed(&self, numbers: Range<u64>, now: u64) {
        self.ring().committed(numbers, now);
    }

    /// These messages are left to be read again.
    pub fn returned(&self, numbers: Range<u64>, now: u64) {
        self.ring().returned(numbers, now);
    }

    /// The broker was told that all before this offset is consumed.
    pub fn acknowledged(&self, queue: &Queue, before: u64, now: u64) {
        self.ring().acknowledged(queue, before, now);
    }

    /// What is remembered of a message or of a client's messages, oldest first.
    pub fn find(&self, id: &str) -> Vec<Way> {
        self.ring().find(id)
    }

    /// When it began to remember.
    pub fn since(&self) -> u64 {
        self.since
    }

    /// When the oldest message that is remembered came, if some were dropped
    /// since; otherwise all since [`Traces::since`] are there.
    pub fn oldest(&self) -> Option<u64> {
        self.ring().oldest()
    }

    fn ring(&self) -> MutexGuard<'_, Ring> {
        // Nothing in here panics half way.
        self.ring.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
