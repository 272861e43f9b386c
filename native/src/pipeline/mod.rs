//! From deliveries to commits: batch → commit → acknowledge.

use mqtt_presence_core::event::Event;
use tokio::sync::{mpsc, oneshot};

use crate::store::{Origin, Poison};

/// What a source hands over at once: one listener call, one chunk of a file,
/// one request. It is committed as a whole.
#[derive(Debug, Default)]
pub struct Delivery {
    /// Accepted events in arrival order.
    pub events: Vec<(Event, Origin)>,
    /// Rejected records, for the quarantine.
    pub poison: Vec<Poison>,
    /// How far a file source has read with this delivery.
    pub checkpoint: Option<(String, String)>,
    /// Sent after the commit. Dropped without a word when the delivery was
    /// not committed: the source then leaves it for redelivery.
    pub committed: Option<oneshot::Sender<()>>,
}

/// The way into the pipeline. Cloned for every source.
#[derive(Clone, Debug)]
pub struct Intake {
    sender: mpsc::Sender<Delivery>,
}

/// The pipeline has ended; nothing more is taken.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("the pipeline is shutting down")]
pub struct Closed;

impl Intake {
    /// An intake and the end that the pipeline reads; `capacity` deliveries wait at most.
    pub fn new(capacity: usize) -> (Intake, mpsc::Receiver<Delivery>) {
        let (sender, receiver) = mpsc::channel(capacity);
        (Intake { sender }, receiver)
    }

    /// Hands a delivery over and waits until the store has it.
    pub async fn deliver(&self, mut delivery: Delivery) -> Result<(), Closed> {
        let (committed, done) = oneshot::channel();
        delivery.committed = Some(committed);
        self.sender.send(delivery).await.map_err(|_| Closed)?;
        done.await.map_err(|_| Closed)
    }

    /// The same from a thread that may block, such as a listener's.
    pub fn deliver_blocking(&self, mut delivery: Delivery) -> Result<(), Closed> {
        let (committed, done) = oneshot::channel();
        delivery.committed = Some(committed);
        self.sender.blocking_send(delivery).map_err(|_| Closed)?;
        done.blocking_recv().map_err(|_| Closed)
    }
}
