//! The way into the pipeline.

use std::sync::Arc;

use tokio::sync::{mpsc, oneshot};

use super::budget::Budget;
use super::{Delivery, OnCommit};

/// Bytes that wait at most, unless told otherwise: 64 MiB.
const BYTES: usize = 64 * 1024 * 1024;

/// The way into the pipeline. Cloned for every source.
#[derive(Clone, Debug)]
pub struct Intake {
    sender: mpsc::Sender<Delivery>,
    budget: Arc<Budget>,
}

/// The pipeline has ended; nothing more is taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pipeline is shutting down")]
pub struct Closed;

impl Intake {
    /// An intake and the end that the pipeline reads; `capacity` deliveries
    /// wait at most, and 64 MiB of them.
    pub fn new(capacity: usize) -> (Intake, mpsc::Receiver<Delivery>) {
        Intake::with_budget(capacity, BYTES)
    }

    /// The same with another bound: about so many bytes, and one delivery
    /// more, are in memory until they are committed.
    pub fn with_budget(capacity: usize, bytes: usize) -> (Intake, mpsc::Receiver<Delivery>) {
        let (sender, receiver) = mpsc::channel(capacity);
        let budget = Budget::new(bytes);
        (Intake { sender, budget }, receiver)
    }

    /// Bytes that were taken and are not committed yet.
    pub fn waiting_bytes(&self) -> usize {
        self.budget.waiting()
    }

    /// Hands a delivery over and waits until the store has it.
    pub async fn deliver(&self, delivery: Delivery) -> Result<(), Closed> {
        let committed = self.submit(delivery).await?;
        committed.await.map_err(|_| Closed)
    }

    /// Hands a delivery over, waiting only for room; the receiver is told
    /// when the store has it, and is dropped when it never will.
    pub async fn submit(&self, mut delivery: Delivery) -> Result<oneshot::Receiver<()>, Closed> {
        let (committed, done) = oneshot::channel();
        delivery.committed = Some(OnCommit::tell(committed));
        let charge = tokio::select! {
            charge = self.budget.charge(delivery.bytes()) => charge,
            () = self.sender.closed() => return Err(Closed),
        };
        delivery.charge = Some(charge);
        self.sender.send(delivery).await.map_err(|_| Closed)?;
        Ok(done)
    }

    /// The same from a thread that may block, such as a listener's.
    pub fn submit_blocking(
        &self,
        mut delivery: Delivery,
        committed: OnCommit,
    ) -> Result<(), Closed> {
        delivery.committed = Some(committed);
        delivery.charge = Some(self.budget.charge_blocking(delivery.bytes()));
        self.sender.blocking_send(delivery).map_err(|_| Closed)
    }
}
