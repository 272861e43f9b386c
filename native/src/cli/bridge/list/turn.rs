//! When the list is asked for.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use mqtt_presence_core::lifecycle::Listed;
use tokio::sync::oneshot;
use tokio::time::{Instant, sleep_until};

use super::fetch::List;
use crate::clock;

/// Between the beginning of the watch and the question: notices that are on
/// their way come first, and what a broker has just said may not yet stand in
/// its list.
const SETTLE: Duration = Duration::from_millis(250);
/// Until the second list, where the first left doubts.
const AGAIN: Duration = Duration::from_secs(1);
/// Pauses between attempts: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// Why a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in super::super) enum Why {
    /// The bridge has started: it may have been down.
    Started,
    /// The connection to the broker had broken.
    Away,
    /// The broker had forgotten the bridge's session.
    Forgotten,
    /// `--list-every`.
    Regular,
    /// The list before left doubts.
    Doubt,
}

pub(in super::super) enum Turn {
    /// A list is about to be asked for.
    Watch,
    Listed(Answer),
}

pub(in super::super) struct Answer {
    pub listed: Listed,
    /// When it was asked for, in milliseconds since 1970.
    pub asked: u64,
    pub why: Why,
}

/// The lists of one broker, one after another.
pub(in super::super) struct Lists {
    list: Option<Arc<List>>,
    every: Option<Duration>,
    stage: Stage,
    why: Why,
    pause: Duration,
}

enum Stage {
    Idle,
    Due(Instant),
    Settling(Instant),
    Asking(u64, oneshot::Receiver<Result<Listed, String>>),
}

impl Lists {
    /// Where there is no list.
    pub fn none() -> Lists {
        Lists {
            list: None,
            every: None,
            stage: Stage::Idle,
            why: Why::Started,
            pause: PAUSE.0,
        }
    }

    pub fn of(list: List, every: Option<Duration>) -> Lists {
        Lists {
            list: Some(Arc::new(list)),
            every,
            ..Lists::none()
        }
    }

    /// There may have been a gap. A list that is on its way may be older.
    pub fn gap(&mut self, why: Why) {
        if self.list.is_some() {
            self.due(why, Duration::ZERO);
        }
    }

    /// The list left doubts, which a second one, a moment later, decides.
    pub fn doubt(&mut self) {
        self.due(Why::Doubt, AGAIN);
    }

    fn due(&mut self, why: Why, within: Duration) {
        self.why = why;
        self.stage = Stage::Due(Instant::now() + within);
    }

    /// What is to be done next; may be dropped and called again.
    pub async fn next(&mut self) -> Turn {
        loop {
            match &mut self.stage {
                Stage::Idle => pending().await,
                Stage::Due(at) => {
                    sleep_until(*at).await;
                    self.stage = Stage::Settling(Instant::now() + SETTLE);
                    return Turn::Watch;
                }
                Stage::Settling(until) => {
                    sleep_until(*until).await;
                    self.stage = match &self.list {
                        Some(list) => Stage::Asking(clock::now(), ask(Arc::clone(list))),
                        None => Stage::Idle,
                    };
                }
                Stage::Asking(asked, answer) => {
                    let asked = *asked;
                    let answer = answer.await.unwrap_or_else(|_| {
                        Err("the request for the broker's list broke off".to_owned())
                    });
                    match answer {
                        Ok(listed) => {
                            let why = self.why;
                            self.pause = PAUSE.0;
                            match self.every {
                                Some(every) => self.due(Why::Regular, every),
                                None => self.stage = Stage::Idle,
                            }
                            return Turn::Listed(Answer { listed, asked, why });
                        }
                        Err(sentence) => {
                            tracing::warn!("{sentence}; trying again");
                            self.due(self.why, self.pause);
                            self.pause = (self.pause * 2).min(PAUSE.1);
                        }
                    }
                }
            }
        }
    }
}

/// From a thread of its own: the end of the bridge need not wait for it.
fn ask(list: Arc<List>) -> oneshot::Receiver<Result<Listed, String>> {
    let (sender, receiver) = oneshot::channel();
    std::thread::spawn(move || {
        tracing::debug!("asking `{}` who is connected", list.url());
        // Nobody waits any more where a newer one is due.
        let _ = sender.send(list.ask());
    });
    receiver
}
