//! Deliveries that share a commit.

use std::sync::Arc;

use tokio::sync::mpsc;

use super::budget::Charge;
use super::{Delivery, OnCommit};
use crate::store::Batch;

/// Deliveries on their way into one batch.
#[derive(Debug, Default)]
pub(super) struct Group {
    batch: Batch,
    waiting: Vec<OnCommit>,
    charges: Vec<Charge>,
    deliveries: usize,
}

/// A group that takes no more deliveries.
#[derive(Debug)]
pub(super) struct Sealed {
    pub batch: Arc<Batch>,
    pub deliveries: usize,
    waiting: Vec<OnCommit>,
    _charges: Vec<Charge>,
}

impl Group {
    pub fn is_empty(&self) -> bool {
        self.deliveries == 0
    }

    /// Records in it, accepted and rejected.
    pub fn len(&self) -> usize {
        self.batch.events.len() + self.batch.poison.len()
    }

    pub fn deliveries(&self) -> usize {
        self.deliveries
    }

    pub fn add(&mut self, delivery: Delivery) {
        if self.batch.events.is_empty() {
            self.batch.events = delivery.events;
        } else {
            self.batch.events.extend(delivery.events);
        }
        self.batch.poison.extend(delivery.poison);
        self.batch.released.extend(delivery.released);
        if let Some((key, value)) = delivery.checkpoint {
            // One of each key: the newest counts.
            self.batch.checkpoints.retain(|(other, _)| *other != key);
            self.batch.checkpoints.push((key, value));
        }
        self.waiting.extend(delivery.committed);
        self.charges.extend(delivery.charge);
        self.deliveries += 1;
    }

    /// Takes what waits, until it has `most` records.
    pub fn fill(&mut self, receiver: &mut mpsc::Receiver<Delivery>, most: usize) {
        while self.len() < most
            && let Ok(delivery) = receiver.try_recv()
        {
            self.add(delivery);
        }
    }

    pub fn seal(self, now: u64) -> Sealed {
        let mut batch = self.batch;
        batch.now = now;
        Sealed {
            batch: Arc::new(batch),
            deliveries: self.deliveries,
            waiting: self.waiting,
            _charges: self.charges,
        }
    }
}

impl Sealed {
    /// Tells every source that the store has its delivery.
    pub fn acknowledge(self) {
        for committed in self.waiting {
            committed.call();
        }
    }
}
