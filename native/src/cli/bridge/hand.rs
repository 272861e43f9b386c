//! Handing over to the target, in order, while more is heard.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::task::JoinHandle;

use super::super::failure::Failure;
use super::target::{Item, Target, Untaken};

/// Most messages of one call of the target.
pub(super) const BATCH: usize = 512;
/// Most bytes of them, unless one alone has more: less than services, proxies before them and RocketMQ take.
const BYTES: usize = 512 * 1024;
/// Pauses between attempts at the target: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// A task of its own, for a call may block.
pub(super) struct Handing {
    groups: UnboundedSender<Vec<Item>>,
    done: UnboundedReceiver<Result<usize, Failure>>,
    task: JoinHandle<()>,
}

impl Handing {
    pub fn over(target: Arc<Target>) -> Handing {
        let (groups, mut given) = unbounded_channel();
        let (said, done) = unbounded_channel();
        let task = tokio::spawn(async move {
            let mut some = Vec::new();
            loop {
                let count = given.recv_many(&mut some, BATCH).await;
                let items: Vec<Item> = some.drain(..).flatten().collect();
                let outcome = pass(&target, &items).await.map(|()| count);
                let failed = outcome.is_err();
                if count == 0 || said.send(outcome).is_err() || failed {
                    return;
                }
            }
        });
        Handing { groups, done, task }
    }

    /// A group more, behind all that were given before.
    pub fn give(&self, items: Vec<Item>) {
        // A task that has ended says why where it is asked for what is done.
        let _ = self.groups.send(items);
    }

    /// Waits until the target has so many groups more, or can take no more.
    pub async fn done(&mut self) -> Result<usize, Failure> {
        match self.done.recv().await {
            Some(outcome) => outcome,
            None => Err(Failure::Said("the hand-over broke off".into())),
        }
    }

    /// Leaves what was not handed over yet.
    pub async fn end(self) {
        self.task.abort();
        let _ = self.task.await;
    }
}

async fn pass(target: &Target, mut items: &[Item]) -> Result<(), Failure> {
    while !items.is_empty() {
        let (now, later) = items.split_at(portion(items));
        hand_over(target, now).await?;
        items = later;
    }
    Ok(())
}

async fn hand_over(target: &Target, items: &[Item]) -> Result<(), Failure> {
    let mut pause = PAUSE.0;
    loop {
        match target.take(items).await {
            Ok(()) => return Ok(()),
            Err(Untaken::Never(failure)) => return Err(failure),
            Err(Untaken::Later(sentence)) => {
                tracing::warn!("{sentence}; trying again");
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE.1);
            }
        }
    }
}

/// How many of the first items one call of the target takes, at least one.
fn portion(items: &[Item]) -> usize {
    let mut bytes = 0;
    let fits = |item: &&Item| {
        bytes += item.line().len() + 1;
        bytes <= BYTES
    };
    items.iter().take(BATCH).take_while(fits).count().max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_no_more_than_so_many_messages_and_bytes() {
        let items = |count: usize, bytes: usize| -> Vec<Item> {
            let item = || Item::Unknown("x".repeat(bytes));
            std::iter::repeat_with(item).take(count).collect()
        };
        assert_eq!(portion(&items(3, 10)), 3);
        assert_eq!(portion(&items(BATCH + 1, 10)), BATCH);
        assert_eq!(portion(&items(5, BYTES / 2 - 1)), 2);
        assert_eq!(portion(&items(5, BYTES)), 1);
    }
}
