//! The id of the newest transition, whichever instance wrote it: told by
//! NOTIFY, and asked from time to time in case that was missed.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::{sleep, timeout};

use super::fault::Fault;
use super::{PATIENCE, Shared, writer};

/// How often the server is asked although nobody notified.
const POLL: Duration = Duration::from_secs(1);

/// Follows what all instances commit, for ever.
pub(super) async fn follow(shared: Arc<Shared>) {
    loop {
        // Commits and queries say why.
        let Err(fault) = listen(&shared).await;
        let error = fault.while_running(&shared.address.place);
        tracing::debug!(%error, "transitions of other instances are not heard of");
        sleep(POLL).await;
    }
}

async fn listen(shared: &Shared) -> Result<std::convert::Infallible, Fault> {
    let (sender, mut heard) = mpsc::channel(64);
    let link = shared.address.listen(sender).await?;
    loop {
        let turn = timeout(PATIENCE, writer::look(&link)).await??;
        shared.saw(turn.totals.last_transition);
        let poll = sleep(POLL);
        tokio::pin!(poll);
        loop {
            tokio::select! {
                () = &mut poll => break,
                Some(newest) = heard.recv() => {
                    if let Ok(newest) = newest.parse() {
                        shared.saw(newest);
                    }
                }
            }
        }
    }
}
