//! What the source knows of its servers, and what follows from it.
//!
//! The client starts without a word when it cannot work, so what the servers
//! answer is observed at the hook, and silence is noticed by the clock.

use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rocketmq_model::common::message::message_queue::MessageQueue;

use super::client::LISTENERS;
use super::lag::Lags;
use super::queues::{Queues, Share};

/// The client asks for routes and sends heartbeats every 10 s.
pub(super) const INTERVAL: Duration = Duration::from_secs(10);
/// An answer older than this is silence: two intervals and a timeout.
const SILENCE: Duration = Duration::from_secs(25);
/// How long after the start silence is no news.
const GRACE: Duration = Duration::from_secs(5);

/// What a broker was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ask {
    Heartbeat,
    Offset,
    Pull,
}

/// What follows from the answers so far.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Verdict {
    /// Too early to say.
    Starting,
    /// Receiving, or able to.
    Ready,
    /// A server has answered with this.
    Refused(String),
    /// No name server has answered for a while; it must be looked at.
    NoNameServer,
    /// None of these brokers has answered for a while.
    NoBroker(Vec<String>),
    /// The broker answers, but has not listed this instance in the group for
    /// a while, so it has no queues.
    NoShare,
    /// The broker answers, but these of our queues are not read; `lost` when
    /// the client has lost its thread.
    Unread { queues: Vec<String>, lost: bool },
}

#[derive(Debug)]
enum Route {
    Known(Vec<String>),
    Bad(String),
}

#[derive(Debug, Default)]
struct Answers {
    good: Option<Instant>,
    refused: Option<(Instant, String)>,
}

impl Answers {
    fn refusal(&self) -> Option<&str> {
        let (at, sentence) = self.refused.as_ref()?;
        self.good
            .is_none_or(|good| good < *at)
            .then_some(sentence.as_str())
    }
}

#[derive(Debug)]
struct State {
    since: Instant,
    route: Option<(Instant, Route)>,
    heartbeat: Answers,
    offset: Answers,
    pull: Answers,
    queues: Queues,
    /// Why the newest messages that were sent were not let in.
    unwritten: Option<String>,
}

/// One session's answers.
#[derive(Debug)]
pub(super) struct Watch {
    topic: String,
    group: String,
    state: Mutex<State>,
    lags: Mutex<Lags>,
    /// Listener calls that wait for their commit.
    pub(super) in_flight: AtomicUsize,
}

impl Watch {
    pub(super) fn new(topic: String, group: String) -> Watch {
        let now = Instant::now();
        let state = State {
            since: now,
            route: None,
            heartbeat: Answers::default(),
            offset: Answers::default(),
            pull: Answers::default(),
            queues: Queues::new(now),
            unwritten: None,
        };
        Watch {
            topic,
            group,
            state: Mutex::new(state),
            lags: Mutex::default(),
            in_flight: AtomicUsize::new(0),
        }
    }

    pub(super) fn topic(&self) -> &str {
        &self.topic
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        // Nothing in here leaves it half written.
        self.state
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// How far behind our queues are.
    pub(super) fn lags(&self) -> std::sync::MutexGuard<'_, Lags> {
        self.lags
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    /// A name server gave the brokers of the topic, or this reason why not.
    pub(super) fn route(&self, from: SocketAddr, answer: Result<Vec<String>, String>) {
        let route = match answer {
            Ok(brokers) => Route::Known(brokers),
            Err(reason) => Route::Bad(format!(
                "the name server `{from}` gave no route for topic `{}`: {reason}",
                self.topic
            )),
        };
        self.state().route = Some((Instant::now(), route));
    }

    /// A name server does not know the topic.
    pub(super) fn topic_missing(&self, from: SocketAddr) {
        let sentence = format!(
            "the name server `{from}` knows no topic `{}`: create it, correct `topic` or `namespace`, or start its broker",
            self.topic
        );
        self.state().route = Some((Instant::now(), Route::Bad(sentence)));
    }

    /// A broker answered, well or with this refusal.
    pub(super) fn broker(&self, ask: Ask, from: SocketAddr, answer: Result<(), String>) {
        let now = Instant::now();
        let mut state = self.state();
        let answers = match ask {
            Ask::Heartbeat => &mut state.heartbeat,
            Ask::Offset => &mut state.offset,
            Ask::Pull => &mut state.pull,
        };
        match answer {
            Ok(()) => answers.good = Some(now),
            Err(reason) => {
                let what = match ask {
                    Ask::Heartbeat => "the connection",
                    Ask::Offset => "the offsets",
                    Ask::Pull => "the messages",
                };
                let Watch { topic, group, .. } = self;
                answers.refused = Some((
                    now,
                    format!(
                        "the broker `{from}` refused {what} of topic `{topic}` to group `{group}`: {reason}; check the keys and what they may read"
                    ),
                ));
            }
        }
    }

    /// A broker answered to messages that were sent: with this refusal, where
    /// its access control did not let them in.
    pub(super) fn wrote(&self, from: SocketAddr, refusal: Option<String>) {
        let sentence = refusal.map(|reason| {
            format!(
                "the broker `{from}` takes no messages for topic `{}`: {reason}; check the keys and what they may write",
                self.topic
            )
        });
        self.state().unwritten = sentence;
    }

    /// Why the newest messages that were sent were not let in.
    pub(super) fn unwritten(&self) -> Option<String> {
        self.state().unwritten.clone()
    }

    /// The group was divided: these queues are ours; `None` when the broker
    /// does not list us.
    pub(super) fn share(&self, queues: Option<&[MessageQueue]>) {
        let share = queues.map(|queues| {
            queues
                .iter()
                .map(|queue| (queue.broker_name().as_str(), queue.queue_id()))
        });
        self.lags().assign(share.clone().into_iter().flatten());
        self.state().queues.assign(share, Instant::now());
    }

    /// How many queues are ours.
    pub(super) fn queues(&self) -> usize {
        self.state().queues.count()
    }

    /// The client asks for messages of this queue.
    pub(super) fn asked(&self, broker: &str, queue: i32) {
        self.state().queues.asked(broker, queue, Instant::now());
    }

    /// The broker has answered that, with messages or with none.
    pub(super) fn answered(&self, broker: &str, queue: i32) {
        self.state().queues.answered(broker, queue, Instant::now());
    }

    /// What all this means now.
    pub(super) fn verdict(&self) -> Verdict {
        let mut state = self.state();
        let silent = |at: Option<Instant>| at.is_none_or(|at| at.elapsed() > SILENCE);
        let heard = state.heartbeat.good.max(state.pull.good);
        let now = Instant::now();
        if silent(heard) {
            state.queues.silent(now);
        }
        let young = state.since.elapsed() < GRACE;
        match &state.route {
            None if young => return Verdict::Starting,
            None => return Verdict::NoNameServer,
            Some((_, Route::Bad(sentence))) => return Verdict::Refused(sentence.clone()),
            // A broker can be read from without its name server.
            Some((at, Route::Known(_))) if silent(Some(*at)) && silent(heard) => {
                return Verdict::NoNameServer;
            }
            Some((_, Route::Known(_))) => {}
        }
        for answers in [&state.pull, &state.offset, &state.heartbeat] {
            if let Some(sentence) = answers.refusal() {
                return Verdict::Refused(sentence.to_owned());
            }
        }
        if silent(heard) {
            return match &state.route {
                Some((_, Route::Known(brokers))) if state.since.elapsed() >= SILENCE / 2 => {
                    Verdict::NoBroker(brokers.clone())
                }
                _ => Verdict::Starting,
            };
        }
        // With a listener free, no queue has so many messages here that the
        // client would stop asking for more.
        if self.in_flight.load(Ordering::Relaxed) >= LISTENERS as usize {
            state.queues.full(now);
        }
        match state.queues.share(now) {
            Share::Read => Verdict::Ready,
            Share::Unread { queues, lost } => Verdict::Unread { queues, lost },
            Share::None(waited) if waited > SILENCE => Verdict::NoShare,
            Share::None(_) | Share::Settling => Verdict::Starting,
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn from() -> SocketAddr {
        ([127, 0, 0, 1], 1).into()
    }

    fn watch(age: Duration) -> Watch {
        let watch = Watch::new("T".into(), "G".into());
        watch.state().since = Instant::now().checked_sub(age).unwrap();
        watch
    }

    /// One queue is ours, and is read.
    fn reading(watch: &Watch) {
        watch.share(Some(&[MessageQueue::from_parts("T", "b", 0)]));
        watch.asked("b", 0);
    }

    #[test]
    fn silence_of_the_name_server_is_noticed_after_a_while() {
        assert_eq!(watch(Duration::ZERO).verdict(), Verdict::Starting);
        assert_eq!(watch(GRACE).verdict(), Verdict::NoNameServer);
    }

    #[test]
    fn a_missing_topic_is_named_and_forgotten_once_it_is_there() {
        let watch = watch(GRACE);
        watch.topic_missing(from());
        assert!(
            matches!(watch.verdict(), Verdict::Refused(sentence) if sentence.contains("knows no topic `T`"))
        );
        watch.route(from(), Ok(vec!["b:1".into()]));
        watch.broker(Ask::Heartbeat, from(), Ok(()));
        assert_eq!(watch.verdict(), Verdict::Starting);
        reading(&watch);
        assert_eq!(watch.verdict(), Verdict::Ready);
    }

    #[test]
    fn the_newest_answer_of_a_kind_counts() {
        let watch = watch(GRACE);
        watch.route(from(), Ok(vec!["b:1".into()]));
        watch.broker(Ask::Heartbeat, from(), Ok(()));
        reading(&watch);
        watch.broker(Ask::Pull, from(), Err("`no` (code 16)".into()));
        assert!(
            matches!(watch.verdict(), Verdict::Refused(sentence) if sentence.contains("`no` (code 16)") && sentence.contains("group `G`"))
        );
        std::thread::sleep(Duration::from_millis(2));
        watch.broker(Ask::Pull, from(), Ok(()));
        assert_eq!(watch.verdict(), Verdict::Ready);
    }

    #[test]
    fn a_silent_broker_is_named() {
        let watch = watch(SILENCE);
        watch.route(from(), Ok(vec!["b:1".into()]));
        assert_eq!(watch.verdict(), Verdict::NoBroker(vec!["b:1".into()]));
    }
}
