//! How far reading runs ahead of commits.

use std::collections::VecDeque;

use tokio::sync::oneshot;

use crate::pipeline::{Closed, Delivery, Intake};

/// Deliveries that wait to be committed at most: two commits' worth. With more,
/// those of other sources would wait behind a large file for seconds.
const MOST: usize = 16;

/// Deliveries that were handed over, oldest first.
#[derive(Default)]
pub(super) struct Ahead(VecDeque<oneshot::Receiver<()>>);

impl Ahead {
    /// Hands over one more, once it may.
    pub async fn submit(&mut self, intake: &Intake, delivery: Delivery) -> Result<(), Closed> {
        if self.0.len() >= MOST
            && let Some(oldest) = self.0.pop_front()
        {
            oldest.await.map_err(|_| Closed)?;
        }
        self.0.push_back(intake.submit(delivery).await?);
        Ok(())
    }

    /// Waits until the store has all of them.
    pub async fn committed(self) -> Result<(), Closed> {
        for committed in self.0 {
            committed.await.map_err(|_| Closed)?;
        }
        Ok(())
    }
}
