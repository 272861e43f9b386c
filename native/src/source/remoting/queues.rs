//! The queues of the topic that are this instance's, and whether they are read.

use std::time::{Duration, Instant};

/// How long a queue waits for its next request at most: the client makes one
/// 3 s after another has failed.
const GRACE: Duration = Duration::from_secs(5);
/// A request is answered within 20 s, given up after 30 s, and then made again:
/// a queue that was silent for longer is read no more.
const LOST: Duration = Duration::from_secs(50);

#[derive(Debug)]
struct Queue {
    broker: String,
    id: i32,
    assigned: Instant,
    /// The first request, then the newest answer.
    read: Option<Instant>,
}

/// This instance's share of the topic.
#[derive(Debug)]
pub(super) struct Queues {
    /// `None` while the broker does not list this instance in the group.
    own: Option<Vec<Queue>>,
    /// Since when there is a share, or none.
    since: Instant,
    /// When no broker answered last.
    silent: Option<Instant>,
    /// When the client held so many messages last that it asked for no more.
    full: Option<Instant>,
}

/// What is known of the share.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Share {
    /// There is none, for so long.
    None(Duration),
    /// A queue is new.
    Settling,
    /// Each queue is read.
    Read,
    /// These are not, as `broker:queue`; `lost` when waiting does not help.
    Unread { queues: Vec<String>, lost: bool },
}

impl Queues {
    pub(super) fn new(now: Instant) -> Queues {
        Queues {
            own: None,
            since: now,
            silent: None,
            full: None,
        }
    }

    /// The group was divided: broker and number of each queue that is ours.
    pub(super) fn assign<'a>(
        &mut self,
        share: Option<impl Iterator<Item = (&'a str, i32)>>,
        now: Instant,
    ) {
        if share.is_some() != self.own.is_some() {
            self.since = now;
        }
        let mut before = self.own.take().unwrap_or_default();
        self.own = share.map(|share| {
            share
                .map(|(broker, id)| {
                    let known = before
                        .iter()
                        .position(|queue| queue.id == id && queue.broker == broker);
                    known.map_or_else(
                        || Queue {
                            broker: broker.to_owned(),
                            id,
                            assigned: now,
                            read: None,
                        },
                        |at| before.swap_remove(at),
                    )
                })
                .collect()
        });
    }

    /// How many are ours.
    pub(super) fn count(&self) -> usize {
        self.own.as_ref().map_or(0, Vec::len)
    }

    fn find(&mut self, broker: &str, id: i32) -> Option<&mut Queue> {
        self.own
            .iter_mut()
            .flatten()
            .find(|queue| queue.id == id && queue.broker == broker)
    }

    /// The client has asked for a queue's messages.
    pub(super) fn asked(&mut self, broker: &str, id: i32, now: Instant) {
        let silent = self.silent;
        if let Some(queue) = self.find(broker, id)
            && (queue.read.is_none() || queue.read <= silent)
        {
            queue.read = Some(now);
        }
    }

    /// The broker has answered, with messages or with none.
    pub(super) fn answered(&mut self, broker: &str, id: i32, now: Instant) {
        if let Some(queue) = self.find(broker, id) {
            queue.read = Some(now);
        }
    }

    /// No broker answers.
    pub(super) fn silent(&mut self, now: Instant) {
        self.silent = Some(now);
    }

    /// The client asks for no more while it holds so many messages.
    pub(super) fn full(&mut self, now: Instant) {
        self.full = Some(now);
    }

    pub(super) fn share(&self, now: Instant) -> Share {
        let Some(own) = &self.own else {
            return Share::None(now.saturating_duration_since(self.since));
        };
        let older = |at: Instant, limit| now.saturating_duration_since(at) > limit;
        let lost = |queue: &Queue| {
            let last = queue.read.unwrap_or(queue.assigned);
            let last = [self.silent, self.full]
                .into_iter()
                .flatten()
                .fold(last, Instant::max);
            older(last, LOST)
        };
        // What was asked during the silence may have failed; once it would have
        // been asked again, it has not.
        let doubtful = self.silent.filter(|&at| !older(at, GRACE));
        let unread: Vec<&Queue> = own
            .iter()
            .filter(|queue| queue.read.is_none() || queue.read <= doubtful || lost(queue))
            .collect();
        if unread.is_empty() {
            return Share::Read;
        }
        if unread.iter().all(|queue| !older(queue.assigned, GRACE)) {
            return Share::Settling;
        }
        Share::Unread {
            queues: unread
                .iter()
                .map(|queue| format!("{}:{}", queue.broker, queue.id))
                .collect(),
            lost: unread.iter().any(|queue| lost(queue)),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Two queues, both asked for a second after the start.
    fn two(start: Instant) -> Queues {
        let mut queues = Queues::new(start);
        queues.assign(Some([("a", 0), ("b", 0)].into_iter()), start);
        assert_eq!(queues.share(start), Share::Settling);
        queues.asked("a", 0, start + SECOND);
        queues.asked("b", 0, start + SECOND);
        assert_eq!(queues.share(start + SECOND), Share::Read);
        queues
    }

    fn unread(names: &[&str], lost: bool) -> Share {
        Share::Unread {
            queues: names.iter().map(|&name| name.to_owned()).collect(),
            lost,
        }
    }

    #[test]
    fn a_queue_that_is_never_asked_for_is_named() {
        let start = Instant::now();
        let mut queues = Queues::new(start);
        assert_eq!(queues.share(start + SECOND), Share::None(SECOND));
        queues.assign(Some([("a", 0), ("a", 1)].into_iter()), start);
        queues.asked("a", 0, start);
        queues.answered("a", 7, start);
        let later = start + GRACE + SECOND;
        assert_eq!(queues.share(later), unread(&["a:1"], false));
        let later = start + LOST + SECOND;
        queues.answered("a", 0, later);
        assert_eq!(queues.share(later), unread(&["a:1"], true));
    }

    #[test]
    fn a_queue_that_is_no_longer_answered_is_named() {
        let start = Instant::now();
        let mut queues = two(start);
        let later = start + LOST + 2 * SECOND;
        queues.answered("a", 0, later);
        queues.asked("b", 0, later);
        assert_eq!(queues.share(later), unread(&["b:0"], true));
        // The other instance has it now.
        queues.assign(Some([("a", 0)].into_iter()), later);
        assert_eq!(queues.share(later), Share::Read);
    }

    #[test]
    fn after_silence_each_queue_must_be_read_again() {
        let start = Instant::now();
        let mut queues = two(start);
        let later = start + LOST * 3;
        queues.silent(later);
        queues.answered("a", 0, later + SECOND);
        assert_eq!(queues.share(later + SECOND), unread(&["b:0"], false));
        // It was asked during the silence, on a connection that holds.
        assert_eq!(queues.share(later + GRACE + SECOND), Share::Read);
        queues.asked("b", 0, later + 2 * SECOND);
        assert_eq!(queues.share(later + 2 * SECOND), Share::Read);
        // The request before the silence is not what is waited for now.
        queues.answered("a", 0, later + LOST);
        assert_eq!(queues.share(later + LOST + SECOND), Share::Read);
        queues.answered("a", 0, later + 2 * LOST);
        assert_eq!(queues.share(later + 2 * LOST), unread(&["b:0"], true));
    }

    #[test]
    fn a_client_that_is_full_has_lost_nothing() {
        let start = Instant::now();
        let mut queues = two(start);
        let later = start + LOST * 3;
        queues.full(later);
        assert_eq!(queues.share(later + LOST), Share::Read);
        assert_eq!(
            queues.share(later + LOST + SECOND),
            unread(&["a:0", "b:0"], true)
        );
    }

    #[test]
    fn an_instance_without_queues_has_nothing_to_read() {
        let start = Instant::now();
        let mut queues = two(start);
        queues.assign(Some(std::iter::empty()), start);
        assert_eq!(queues.share(start + LOST * 3), Share::Read);
        queues.assign(None::<std::iter::Empty<_>>, start + SECOND);
        assert_eq!(queues.share(start + 2 * SECOND), Share::None(SECOND));
    }
}
