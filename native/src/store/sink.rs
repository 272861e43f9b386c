//! How far each sink has come, who delivers for it, and what it gave up on.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::Numbered;

/// How a sink stands.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SinkState {
    /// Id of the last transition that it need not deliver any more.
    pub place: u64,
    /// Who holds its lease now.
    pub holder: Option<String>,
    /// How many transitions are among its dead letters.
    pub dead: u64,
}

/// A transition that a sink gave up on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// When, in milliseconds since 1970.
    pub at: u64,
    /// Why, a sentence.
    pub reason: String,
    /// The transition.
    pub numbered: Numbered,
}

/// Leases of a store that one process has to itself: they need not outlive it.
#[derive(Debug, Default)]
pub(super) struct Leases(Mutex<HashMap<String, (String, Instant)>>);

impl Leases {
    /// Takes or renews; false while another's lasts.
    pub fn claim(&self, sink: &str, holder: &str, lease: Duration) -> bool {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = Instant::now();
        let free = match leases.get(sink) {
            Some((other, end)) => other == holder || *end <= now,
            None => true,
        };
        if free {
            leases.insert(sink.to_owned(), (holder.to_owned(), now + lease));
        }
        free
    }

    /// Renews what nobody took since; false for another.
    pub fn renew(&self, sink: &str, holder: &str, lease: Duration) -> bool {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match leases.get_mut(sink) {
            Some((own, end)) if own == holder => {
                *end = Instant::now() + lease;
                true
            }
            _ => false,
        }
    }

    /// Lets go.
    pub fn release(&self, sink: &str, holder: &str) {
        let mut leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if leases.get(sink).is_some_and(|(own, _)| own == holder) {
            leases.remove(sink);
        }
    }

    /// Whose lease lasts.
    pub fn holder(&self, sink: &str) -> Option<String> {
        let leases = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let (holder, end) = leases.get(sink)?;
        (*end > Instant::now()).then(|| holder.clone())
    }
}
