//! From what the broker says to what the target has.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;

use mqtt_presence_core::lifecycle::{Adapter, Format};
use rumqttc::{AsyncClient, MqttOptions, QoS, SubscribeFilter};
use serde_json::json;
use tokio::sync::mpsc;

use super::super::failure::Failure;
use super::super::signals::Signals;
use super::hand::{BATCH, Handing};
use super::keep::Keep;
use super::list::{Answer, Lists, Turn, Why};
use super::listen::{Heard, Listener, Message};
use super::target::{Item, Target};
use super::uptime::{self, Uptime};

/// Messages between the connection and the target.
const QUEUE: usize = 10_000;
/// Events that wait for the target in memory at most, where a state file has them too.
const WAITING: usize = 100_000;
/// Most bytes of a payload and of a topic that the record of an unreadable message quotes. In JSON a byte may take six,
/// and a record has 64 KiB.
const QUOTED: (usize, usize) = (8 * 1024, 1024);

pub(super) struct Carry {
    format: Format,
    adapter: Adapter,
    keep: Keep,
    handing: Handing,
    under_way: VecDeque<Group>,
    waiting: usize,
    lists: Lists,
    uptime: Uptime,
    session: Arc<AtomicU64>,
}

/// What was given to be handed over.
struct Group {
    items: usize,
    /// Where its last item lies in the state file.
    place: i64,
    /// What is acknowledged when the target has it.
    messages: Vec<Message>,
}

impl Carry {
    pub fn new(
        format: Format,
        adapter: Adapter,
        mut keep: Keep,
        target: Arc<Target>,
        lists: Lists,
    ) -> Result<Carry, Failure> {
        Ok(Carry {
            format,
            adapter,
            uptime: Uptime::known(keep.broker_started()?),
            keep,
            handing: Handing::over(target),
            under_way: VecDeque::new(),
            waiting: 0,
            lists,
            session: Arc::default(),
        })
    }

    /// Until Ctrl-C, a refusal, or a target that can take no more.
    pub async fn run(
        mut self,
        options: MqttOptions,
        broker: &str,
        topics: Vec<String>,
    ) -> Result<(), Failure> {
        let mut filters: Vec<_> = topics
            .into_iter()
            .map(|topic| SubscribeFilter::new(topic, QoS::AtLeastOnce))
            .collect();
        if self.format == Format::Mosquitto {
            // What came late would tell of a later start: a broker queues none of these.
            filters.push(SubscribeFilter::new(
                uptime::TOPIC.to_owned(),
                QoS::AtMostOnce,
            ));
        }
        let mut signals = Signals::new()
            .map_err(|error| Failure::Said(format!("signals cannot be listened for: {error}")))?;
        let (client, eventloop) = AsyncClient::new(options, QUEUE);
        let (sender, mut heard) = mpsc::channel(QUEUE);
        let listener = Listener {
            client: client.clone(),
            broker: broker.to_owned(),
            filters,
            format: self.format,
            session: Arc::clone(&self.session),
            heard: sender,
        };
        let mut listening = tokio::spawn(listener.listen(eventloop));
        let mut ended = tokio::select! {
            ended = &mut listening => said(ended),
            // Nothing more comes: the connection says why.
            ended = self.carry(&client, &mut heard) => match ended {
                Ok(()) => said((&mut listening).await),
                failed => failed,
            },
            _ = signals.next() => Ok(()),
        };
        // Unless it has ended by itself: say goodbye, but not for long.
        if !listening.is_finished() && client.try_disconnect().is_ok() {
            let _ = tokio::time::timeout(Duration::from_millis(500), &mut listening).await;
        }
        listening.abort();
        if self.keep.lasts() {
            // A broker that publishes with QoS 0 does not say it again.
            let rest = std::iter::from_fn(|| heard.try_recv().ok()).collect();
            let (items, _) = self.understand(rest);
            ended = ended.and(self.save(&items).map(drop));
        }
        self.handing.end().await;
        ended
    }

    async fn carry(
        &mut self,
        client: &AsyncClient,
        heard: &mut mpsc::Receiver<Heard>,
    ) -> Result<(), Failure> {
        // Of a bridge that ended while it handed over.
        let (left, place) = self.keep.outbox()?;
        self.give(left, place, Vec::new());
        loop {
            let mut some = Vec::new();
            let room = match self.keep.lasts() {
                true => self.waiting < WAITING,
                false => self.under_way.is_empty(),
            };
            tokio::select! {
                count = heard.recv_many(&mut some, BATCH), if room => {
                    if count == 0 {
                        return Ok(());
                    }
                    self.take(client, some).await?;
                }
                groups = self.handing.done() => self.handed_over(client, groups?).await?,
                turn = self.lists.next() => match turn {
                    Turn::Watch => self.adapter.watch(),
                    Turn::Listed(answer) => self.reconcile(answer)?,
                }
            }
        }
    }

    /// What these say, and those of them that the broker keeps until they are acknowledged.
    fn understand(&mut self, some: Vec<Heard>) -> (Vec<Item>, Vec<Message>) {
        let mut items = Vec::new();
        let mut messages = Vec::new();
        for heard in some {
            match heard {
                Heard::Broken(time) => self.uptime.broken = Some(time),
                Heard::Gap(why) => self.lists.gap(why),
                Heard::Message(message) => {
                    self.read(&message, &mut items);
                    messages.push(message);
                }
            }
        }
        (items, messages)
    }

    async fn take(&mut self, client: &AsyncClient, some: Vec<Heard>) -> Result<(), Failure> {
        let (items, mut messages) = self.understand(some);
        let place = self.save(&items)?;
        // What is in the file, the broker may forget: Mosquitto keeps a line for 20 s only.
        if self.keep.lasts() || items.is_empty() {
            self.acknowledge(client, std::mem::take(&mut messages))
                .await?;
        }
        self.give(items, place, messages);
        Ok(())
    }

    async fn acknowledge(
        &self,
        client: &AsyncClient,
        messages: Vec<Message>,
    ) -> Result<(), Failure> {
        for message in messages {
            // In a new session the same number is another message's.
            if message.session == self.session.load(Relaxed) {
                let acknowledged = client.ack(&message.publish).await;
                acknowledged
                    .map_err(|error| Failure::Said(format!("cannot acknowledge: {error}")))?;
            }
        }
        Ok(())
    }

    fn give(&mut self, items: Vec<Item>, place: i64, messages: Vec<Message>) {
        if items.is_empty() {
            return;
        }
        self.waiting += items.len();
        self.under_way.push_back(Group {
            items: items.len(),
            place,
            messages,
        });
        self.handing.give(items);
    }

    /// The target has these first groups.
    async fn handed_over(&mut self, client: &AsyncClient, groups: usize) -> Result<(), Failure> {
        let done: Vec<Group> = self.under_way.drain(..groups).collect();
        if let Some(last) = done.last() {
            self.keep.handed_over(last.place)?;
        }
        for group in done {
            self.waiting -= group.items;
            self.acknowledge(client, group.messages).await?;
        }
        Ok(())
    }

    /// Makes what is open as the broker's own list has it.
    fn reconcile(&mut self, answer: Answer) -> Result<(), Failure> {
        let clients = answer.listed.len();
        let done = self.adapter.reconcile(answer.listed, answer.asked);
        let (closed, opened) = (done.closed, done.opened);
        let why = match answer.why {
            Why::Started => "the bridge has started",
            Why::Away => "the connection to the broker had broken",
            Why::Forgotten => "the broker had forgotten the bridge's session",
            Why::Regular => "it was time for a list",
            Why::Doubt => "the list before left doubts",
        };
        match (done.events.is_empty(), answer.why) {
            (true, Why::Regular) => tracing::debug!("the broker's list has {clients} clients"),
            (true, _) => {
                tracing::info!("{why}: the broker's list has {clients} clients, no gap shows");
            }
            (false, _) => tracing::warn!(
                "{why}: there was a gap; by the broker's list of {clients} clients {closed} open channels are closed \
                 and {opened} opened"
            ),
        }
        let items: Vec<Item> = done.events.into_iter().map(Item::Event).collect();
        let place = self.save(&items)?;
        self.give(items, place, Vec::new());
        if done.doubtful > 0 && answer.why != Why::Doubt {
            self.lists.doubt();
        }
        Ok(())
    }

    fn read(
        &mut self,
        Message {
            publish: message,
            received,
            ..
        }: &Message,
        items: &mut Vec<Item>,
    ) {
        if message.topic == uptime::TOPIC {
            // A retained one may be as old as the broker's interval.
            if !message.retain
                && let Some(limit) = self.uptime.hear(&message.payload, *received)
            {
                let ended = self.adapter.restarted(limit, *received);
                if !ended.is_empty() {
                    tracing::warn!(
                        "the broker has restarted: {} open channels are closed",
                        ended.len()
                    );
                }
                items.extend(ended.into_iter().map(Item::Event));
            }
            return;
        }
        match self
            .adapter
            .read(&message.topic, &message.payload, *received)
        {
            Ok(events) => items.extend(events.into_iter().map(Item::Event)),
            Err(unknown) => {
                tracing::warn!("topic `{}`: {unknown}", message.topic);
                let record = json!({
                    "adapter": self.format.as_str(),
                    "reason": unknown.message,
                    "topic": quoted(message.topic.as_bytes(), QUOTED.1),
                    "payload": quoted(&message.payload, QUOTED.0),
                });
                items.push(Item::Unknown(record.to_string()));
            }
        }
    }

    /// Into the state file first: what the target may know to be open, this bridge knows after any
    /// crash, and what it has closed, it tells.
    fn save(&mut self, items: &[Item]) -> Result<i64, Failure> {
        self.keep
            .save(&self.adapter.changed(), items, self.uptime.started())
    }
}

/// The text, cut where it is longer.
fn quoted(text: &[u8], most: usize) -> String {
    if text.len() <= most {
        return String::from_utf8_lossy(text).into_owned();
    }
    // Not within a character.
    let whole = (most.saturating_sub(3)..=most).rev();
    let mut ends = whole.filter(|end| text[*end] & 0xc0 != 0x80);
    let end = ends.next().unwrap_or(most);
    String::from_utf8_lossy(&text[..end]).into_owned() + "…"
}

/// A panic in the connection's task is a failure like any other.
fn said(ended: Result<Result<(), Failure>, tokio::task::JoinError>) -> Result<(), Failure> {
    ended.unwrap_or_else(|error| Err(Failure::Said(error.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_quote_is_cut_between_characters() {
        assert_eq!(quoted(b"abc", 3), "abc");
        assert_eq!(quoted(b"abcd", 3), "abc…");
        assert_eq!(quoted("aüb".as_bytes(), 2), "a…");
        assert_eq!(quoted("😀😀".as_bytes(), 7), "😀…");
        assert_eq!(quoted(&[0x80; 9], 4).chars().count(), 5);
    }
}
