//! Delivering dead letters again, because a person asked for it.

use serde::Serialize;
use utoipa::ToSchema;

use super::{Refusal, Sink};
use crate::pipeline::metrics;
use crate::store::{Numbered, StoreError};

/// What became of dead letters that were delivered again.
#[derive(Debug, Default, Serialize, ToSchema)]
pub struct Retried {
    /// Those that were taken, and are no dead letters any more.
    delivered: u64,
    /// Those that still are.
    left: u64,
    /// Why the first of these was not taken; `null` where none is left.
    error: Option<String>,
}

impl Sink {
    /// Delivers the dead letters, oldest first, until one batch is not taken.
    ///
    /// # Errors
    /// Those of the store; what was delivered by then may come again.
    pub async fn retry(&self) -> Result<Retried, StoreError> {
        let _alone = self.retrying.lock().await;
        let mut retried = Retried::default();
        loop {
            let page = self
                .store
                .dead_letters(self.name(), 0, self.settings.batch)
                .await?;
            if page.is_empty() {
                break;
            }
            let batch: Vec<Numbered> = page.into_iter().map(|letter| letter.numbered).collect();
            match self.outlet.deliver(&batch).await {
                Ok(()) => {}
                Err(Refusal::Never(reason) | Refusal::Later { reason, .. }) => {
                    metrics::sink_failed(self.name());
                    retried.error = Some(reason);
                    break;
                }
            }
            let ids: Vec<u64> = batch.iter().map(|numbered| numbered.id).collect();
            self.store.drop_dead_letters(self.name(), &ids).await?;
            metrics::sink_delivered(self.name(), ids.len() as u64);
            retried.delivered += ids.len() as u64;
        }
        retried.left = self.state().await?.dead;
        Ok(retried)
    }
}
