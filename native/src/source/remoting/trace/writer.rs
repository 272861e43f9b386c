//! Trace records on their way to the broker, in the background: a bounded
//! number waits, and what does not fit or is refused is counted and let go.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

use super::record::Record;
use crate::pipeline::metrics;
use crate::source::remoting::{Config, Producer};

/// The topic that brokers with `traceTopicEnable` keep for traces.
pub(in crate::source::remoting) const TOPIC: &str = "RMQ_SYS_TRACE_TOPIC";

/// Records of calls that wait, each of 32 messages at most.
const WAITING: usize = 2_048;
/// Records of calls that are taken at once.
const MOST: usize = 512;
/// How long the first waits for others to share its message.
const GATHER: Duration = Duration::from_millis(200);
/// A message is full with so many bytes of text, or so many ids for keys: its
/// properties hold 32 KiB.
const BODY: usize = 96 * 1024;
const KEYS: usize = 512;
/// How long a message may take, with connecting, and the pause after one that failed.
const PATIENCE: Duration = Duration::from_secs(10);
const PAUSE: Duration = Duration::from_secs(5);
/// How long the end may take.
const END: Duration = Duration::from_secs(5);

/// The way to the trace topic.
pub(super) struct Writer {
    sender: mpsc::Sender<Record>,
    losses: Arc<Losses>,
    stop: CancellationToken,
    task: Mutex<Option<JoinHandle<()>>>,
}

impl Writer {
    pub(super) fn start(config: &Config) -> Writer {
        let (sender, receiver) = mpsc::channel(WAITING);
        let losses = Arc::new(Losses::default());
        let stop = CancellationToken::new();
        let work = Work {
            config: Config {
                topic: TOPIC.to_owned(),
                group: format!("{}_trace", config.group),
                trace: false,
                ..config.clone()
            },
            group: config.group.clone(),
            losses: Arc::clone(&losses),
            stop: stop.clone(),
            producer: None,
        };
        Writer {
            sender,
            losses,
            stop,
            task: Mutex::new(Some(tokio::spawn(work.run(receiver)))),
        }
    }

    /// Takes a record if there is room.
    pub(super) fn offer(&self, record: Record) {
        if record.read().messages.is_empty() {
            return;
        }
        if let Err(full) = self.sender.try_send(record) {
            let records = full.into_inner().read().messages.len();
            self.losses
                .add(records, "more come than the broker takes in the same time");
        }
    }

    /// Writes what waits, for some seconds at most.
    pub(super) async fn close(&self) {
        self.stop.cancel();
        let task = self
            .task
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(task) = task {
            let mut task = AbortOnDropHandle::new(task);
            if timeout(END, &mut task).await.is_err() {
                tracing::debug!("the last trace records were not written in time");
            }
        }
    }
}

/// Counts what was not written; says so once.
#[derive(Default)]
struct Losses(AtomicBool);

impl Losses {
    fn add(&self, records: usize, reason: &str) {
        metrics::trace_lost(records as u64);
        if !self.0.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                "trace records could not be written and are left out, messages are not affected: {reason}; \
                 further ones are counted in `{}` alone",
                metrics::TRACE_LOST
            );
        }
    }
}

/// A message to the trace topic.
struct Packed {
    keys: Vec<String>,
    body: String,
    records: usize,
}

struct Work {
    /// How the trace topic is reached.
    config: Config,
    /// The group that consumes.
    group: String,
    losses: Arc<Losses>,
    stop: CancellationToken,
    /// Made when it is needed, and anew after a fault.
    producer: Option<Producer>,
}

impl Work {
    async fn run(mut self, mut receiver: mpsc::Receiver<Record>) {
        let mut records = Vec::new();
        loop {
            let first = match self.stop.run_until_cancelled(receiver.recv()).await {
                Some(first) => first,
                None => receiver.try_recv().ok(),
            };
            let Some(first) = first else {
                break;
            };
            records.push(first);
            self.stop.run_until_cancelled(sleep(GATHER)).await;
            while records.len() < MOST
                && let Ok(record) = receiver.try_recv()
            {
                records.push(record);
            }
            for packed in pack(&records, &self.group) {
                let count = packed.records;
                match self.send(packed).await {
                    Ok(()) => metrics::trace_written(count as u64),
                    Err(reason) => {
                        self.losses.add(count, &reason);
                        self.stop.run_until_cancelled(sleep(PAUSE)).await;
                    }
                }
            }
            records.clear();
        }
        if let Some(producer) = self.producer.take() {
            producer.shutdown().await;
        }
    }

    async fn send(&mut self, packed: Packed) -> Result<(), String> {
        let (producer, config) = (self.producer.take(), self.config.clone());
        // On a task of its own: a panic of the client ends there.
        let sending = AbortOnDropHandle::new(tokio::spawn(async move {
            let producer = match producer {
                Some(producer) => producer,
                None => Producer::start(&config).await?,
            };
            match producer.send_keys(packed.keys, packed.body).await {
                Ok(()) => Ok(producer),
                Err(error) => {
                    producer.shutdown().await;
                    Err(error)
                }
            }
        }));
        match timeout(PATIENCE, sending).await {
            Ok(Ok(Ok(producer))) => {
                self.producer = Some(producer);
                Ok(())
            }
            Ok(Ok(Err(error))) => Err(error.to_string()),
            Ok(Err(_)) => Err("the client that writes them panicked".to_owned()),
            Err(_) => Err(format!("topic `{TOPIC}` does not answer in time")),
        }
    }
}

/// As few messages as hold the records; each has the ids of its records as keys.
fn pack(records: &[Record], group: &str) -> Vec<Packed> {
    let mut all = Vec::new();
    let mut body = String::new();
    let mut keys = BTreeSet::new();
    let mut count = 0;
    let mut close = |body: &mut String, keys: &mut BTreeSet<String>, count: &mut usize| {
        if *count > 0 {
            all.push(Packed {
                keys: std::mem::take(keys).into_iter().collect(),
                body: std::mem::take(body),
                records: std::mem::take(count),
            });
        }
    };
    for record in records {
        for (id, text) in record.encode(group) {
            if body.len() + text.len() > BODY || keys.len() >= KEYS {
                close(&mut body, &mut keys, &mut count);
            }
            body.push_str(&text);
            keys.insert(id.to_owned());
            count += 1;
        }
    }
    close(&mut body, &mut keys, &mut count);
    all
}

#[cfg(test)]
mod tests {
    use super::super::record::{Read, Traced};
    use super::*;

    #[test]
    fn packed_messages_are_bounded_and_hold_all() {
        let record = |n: usize| {
            let traced = |m: usize| Traced {
                id: format!("{:032}", n * 32 + m),
                ..Traced::default()
            };
            let read = Arc::new(Read {
                messages: (0..32).map(traced).collect(),
                ..Read::default()
            });
            [
                Record::Before(Arc::clone(&read)),
                Record::After {
                    read,
                    ended: 0,
                    committed: true,
                },
            ]
        };
        let records: Vec<_> = (0..100).flat_map(record).collect();
        let all = pack(&records, "group");
        assert_eq!(all.iter().map(|one| one.records).sum::<usize>(), 6_400);
        for one in &all {
            assert!(one.body.len() <= BODY && one.keys.len() <= KEYS);
            assert!(one.keys.join(" ").len() < 30_000);
            assert!(one.keys.iter().all(|key| one.body.contains(key.as_str())));
        }
        let ids: BTreeSet<_> = all.iter().flat_map(|one| &one.keys).collect();
        assert_eq!(ids.len(), 3_200);
        assert!(all.len() < 12, "{}", all.len());
        assert!(pack(&[], "group").is_empty());
    }
}
