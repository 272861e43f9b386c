//! The stream of transitions, read from the store, woken by the id of the
//! newest. So a slow reader costs no memory: it holds one batch and its place.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock;
use crate::store::{Numbered, Store, StoreError};

mod settle;

use settle::{Decided, Settling};

/// How many flips are read from the store at once.
const BATCH: usize = 256;
/// Transitions of one client that are looked at for one shortly before another.
const NEIGHBOURS: usize = 64;
/// Longest time that a change may be asked to last.
pub const LONGEST_SETTLE: Duration = Duration::from_secs(60 * 60);

/// A reader of the stream, from a place on.
///
/// Take what is [`ready`](Follow::ready) until there is nothing, then
/// [`step`](Follow::step), and [`wait`](Follow::wait) where that says so.
pub struct Follow {
    store: Arc<dyn Store>,
    prefix: String,
    /// The last id that was looked at, and under `settle` decided on.
    at: u64,
    /// The last id that was read from the store.
    read: u64,
    queue: VecDeque<Numbered>,
    settling: Option<Settling>,
    /// Changes that the store took before this time may follow soon on others
    /// that this follower has not seen, or not kept.
    unsure_until: Option<u64>,
    newest: watch::Receiver<u64>,
}

/// What a look at the store came to.
pub enum Step {
    /// Something may be ready.
    Goes,
    /// Nothing to do until there is something new, or this has passed.
    Wait(Option<Duration>),
    /// Transitions are gone; this is the oldest that is kept.
    Gap(u64),
}

impl Follow {
    /// After the transition `at`, of clients whose id begins with `prefix`;
    /// with `settle` only changes that lasted so many milliseconds.
    pub fn new(store: Arc<dyn Store>, at: u64, prefix: String, settle: Option<u64>) -> Follow {
        Follow {
            newest: store.newest(),
            store,
            prefix,
            at,
            read: at,
            queue: VecDeque::new(),
            settling: settle.map(Settling::new),
            unsure_until: None,
        }
    }

    /// Everything up to this id was ready, or will never be: a place to go on from.
    pub fn place(&self) -> u64 {
        self.at
    }

    /// The last id that was read.
    pub fn read(&self) -> u64 {
        self.read
    }

    /// Looks at the store once.
    pub async fn step(&mut self) -> Result<Step, StoreError> {
        match &self.settling {
            Some(settling) if settling.is_full() => self.decide_alone().await,
            _ => self.read_on().await,
        }
    }

    /// Until there is something new, or this has passed; false if the store
    /// has ended.
    pub async fn wait(&mut self, pause: Option<Duration>) -> bool {
        tokio::select! {
            changed = self.newest.changed() => changed.is_ok(),
            () = after(pause) => true,
        }
    }

    /// What can be told without the store.
    pub fn ready(&mut self) -> Option<Numbered> {
        if let Some(settling) = &mut self.settling {
            while let Some(decided) = settling.decide() {
                // What waits is read again after a break.
                self.at = settling.oldest().map_or(self.read, |(next, _)| next.id - 1);
                if let Decided::Lasted(numbered) = decided {
                    return Some(numbered);
                }
            }
            if settling.oldest().is_none() {
                self.at = self.read;
            }
            return None;
        }
        while let Some(numbered) = self.queue.pop_front() {
            self.at = numbered.id;
            if numbered.transition.client_id.starts_with(&self.prefix) {
                return Some(numbered);
            }
        }
        None
    }

    /// Reads what comes next.
    async fn read_on(&mut self) -> Result<Step, StoreError> {
        self.newest.borrow_and_update();
        let now = clock::now();
        let store = Arc::clone(&self.store);
        let batch = store.transitions_after(self.read, BATCH).await?;
        if let Some(first) = batch.first()
            && first.id > self.read + 1
        {
            let oldest = store.oldest_transition().await?;
            if oldest > self.read + 1 {
                return Ok(Step::Gap(oldest));
            }
        }
        let complete = batch.len() < BATCH;
        let empty = batch.is_empty();
        let Some(settling) = &mut self.settling else {
            self.read = batch.last().map_or(self.read, |last| last.id);
            self.queue = batch.into();
            return Ok(if empty { Step::Wait(None) } else { Step::Goes });
        };
        for numbered in batch {
            let taken = numbered.transition.observed_at;
            let unsure = *self.unsure_until.get_or_insert(taken + settling.millis());
            let (number, id) = (numbered.id, &numbered.transition.client_id);
            if !id.starts_with(&self.prefix) {
                self.read = number;
                continue;
            }
            let mut before = Some(!numbered.transition.online);
            if taken < unsure && !settling.knows(id) {
                let since = (taken + 1).saturating_sub(settling.millis());
                let near = store.history(id, since, taken + 1, NEIGHBOURS).await?;
                if near.len() == NEIGHBOURS || near.iter().any(|other| other.id < numbered.id) {
                    before = None;
                }
            }
            settling.push(numbered, before);
            // Where the store fails, the rest is read again.
            self.read = number;
        }
        if complete {
            settling.saw(now);
        }
        match settling.oldest() {
            _ if !empty => Ok(Step::Goes),
            Some((_, end)) if end <= now => Ok(Step::Goes),
            Some((_, end)) => Ok(Step::Wait(Some(Duration::from_millis(end - now)))),
            None => Ok(Step::Wait(None)),
        }
    }

    /// So many changes wait that no more are read: the oldest is decided by
    /// its client's history as soon as its time is over.
    async fn decide_alone(&mut self) -> Result<Step, StoreError> {
        let now = clock::now();
        let Some(settling) = &mut self.settling else {
            return Ok(Step::Goes);
        };
        let Some((oldest, end)) = settling.oldest() else {
            return Ok(Step::Goes);
        };
        if now < end {
            self.newest.borrow_and_update();
            return Ok(Step::Wait(Some(Duration::from_millis(end - now))));
        }
        let flip = &oldest.transition;
        let store = &self.store;
        let span = store.history(&flip.client_id, flip.observed_at, end, 1);
        if span.await?.iter().any(|next| next.id > oldest.id) {
            // Its follower is not among those that wait, and must not take
            // this one for told.
            self.unsure_until = self.unsure_until.max(Some(end));
            settling.undo();
        } else {
            settling.confirm();
        }
        Ok(Step::Goes)
    }
}

async fn after(pause: Option<Duration>) {
    match pause {
        Some(pause) => tokio::time::sleep(pause).await,
        None => std::future::pending().await,
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use mqtt_presence_core::event::{Event, Kind};
    use mqtt_presence_core::presence::Options;
    use xtask::redis::Server;

    use super::*;
    use crate::store::{Batch, Origin, Redis, RedisSettings};

    const CLIENTS: u64 = 20;

    fn connects() -> Batch {
        let event = |number| Event {
            client_id: format!("client {number}"),
            channel_id: "c".to_owned(),
            kind: Kind::Connect,
            time: number,
            client_ip: None,
            extra: None,
        };
        Batch {
            now: clock::now(),
            events: (1..=CLIENTS)
                .map(|n| (event(n), Origin::default()))
                .collect(),
            ..Batch::default()
        }
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn a_store_that_fails_between_two_questions_costs_no_change() {
        let folder = tempfile::tempdir().unwrap();
        let server = Server::start(folder.path(), &[]).unwrap();
        let settings = RedisSettings::new(server.url());
        let store = Redis::open(settings, Options::default()).await.unwrap();
        store.commit(Arc::new(connects())).await.unwrap();
        let mut follow = Follow::new(Arc::new(store), 0, String::new(), Some(1));

        // Transitions can be read, clients cannot.
        let (clients, away) = ("{mqtt-presence}:clients", "{mqtt-presence}:away");
        server.cli(&["RENAME", clients, away]).unwrap();
        server.cli(&["SET", clients, "no hash"]).unwrap();
        assert!(follow.step().await.is_err());
        server.cli(&["RENAME", away, clients]).unwrap();

        let mut told = Vec::new();
        while told.len() < CLIENTS as usize {
            match follow.step().await.unwrap() {
                Step::Goes => {}
                Step::Wait(Some(pause)) => tokio::time::sleep(pause).await,
                Step::Wait(None) => break,
                Step::Gap(oldest) => panic!("a gap up to {oldest}"),
            }
            while let Some(numbered) = follow.ready() {
                told.push(numbered.id);
            }
        }
        assert_eq!(told, (1..=CLIENTS).collect::<Vec<_>>());
    }
}
