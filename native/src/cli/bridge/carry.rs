//! From what the broker says to what the target has.

use std::time::Duration;

use mqtt_presence_core::lifecycle::{Adapter, Format};
use rumqttc::{AsyncClient, MqttOptions, Publish};
use serde_json::json;
use tokio::sync::mpsc;

use super::super::failure::Failure;
use super::super::signals::Signals;
use super::keep::Keep;
use super::list::{Answer, Lists, Turn, Why};
use super::listen::{Heard, listen};
use super::target::{Item, Target, Untaken};

/// Messages between the connection and the target.
const QUEUE: usize = 10_000;
/// Most messages of one call of the target.
const BATCH: usize = 512;
/// Most bytes of them, unless one alone has more: less than services, proxies before them and RocketMQ take.
const BYTES: usize = 512 * 1024;
/// Most bytes of a payload and of a topic that the record of an unreadable message quotes. In JSON a byte may take six,
/// and a record has 64 KiB.
const QUOTED: (usize, usize) = (8 * 1024, 1024);
/// Pauses between attempts at the target: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));
/// Mosquitto's uptime, every 10 s unless its `sys_interval` says otherwise.
const UPTIME: &str = "$SYS/broker/uptime";
/// Mosquitto counts whole seconds.
const SLACK: u64 = 2_000;

pub(super) struct Carry<'a> {
    format: Format,
    adapter: Adapter,
    keep: Keep,
    target: &'a Target,
    lists: Lists,
    broken: Option<u64>,
}

impl<'a> Carry<'a> {
    pub fn new(
        format: Format,
        adapter: Adapter,
        keep: Keep,
        target: &'a Target,
        lists: Lists,
    ) -> Carry<'a> {
        Carry {
            format,
            adapter,
            keep,
            target,
            lists,
            broken: None,
        }
    }

    /// Until Ctrl-C, a refusal, or a target that can take no more.
    pub async fn run(
        mut self,
        options: MqttOptions,
        broker: &str,
        mut topics: Vec<String>,
    ) -> Result<(), Failure> {
        if self.format == Format::Mosquitto {
            topics.push(UPTIME.to_owned());
        }
        let mut signals = Signals::new()
            .map_err(|error| Failure::Said(format!("signals cannot be listened for: {error}")))?;
        let (client, eventloop) = AsyncClient::new(options, QUEUE);
        let (sender, receiver) = mpsc::channel(QUEUE);
        let listening = listen(eventloop, client.clone(), broker.to_owned(), topics, sender);
        let mut listening = tokio::spawn(listening);
        let ended = tokio::select! {
            ended = &mut listening => said(ended),
            // Nothing more comes: the connection says why.
            ended = self.carry(&client, receiver) => match ended {
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
        ended
    }

    async fn carry(
        &mut self,
        client: &AsyncClient,
        mut heard: mpsc::Receiver<Heard>,
    ) -> Result<(), Failure> {
        // Of a bridge that ended while it handed over.
        let left = self.keep.outbox()?;
        self.pass(&left).await?;
        let mut batch = Vec::new();
        loop {
            tokio::select! {
                count = heard.recv_many(&mut batch, BATCH) => {
                    if count == 0 {
                        return Ok(());
                    }
                    self.take(client, &mut batch).await?;
                }
                turn = self.lists.next() => match turn {
                    Turn::Watch => self.adapter.watch(),
                    Turn::Listed(answer) => self.reconcile(answer).await?,
                }
            }
        }
    }

    async fn take(&mut self, client: &AsyncClient, batch: &mut Vec<Heard>) -> Result<(), Failure> {
        let mut items = Vec::new();
        let mut messages = Vec::new();
        for heard in batch.drain(..) {
            match heard {
                Heard::Broken(time) => self.broken = Some(time),
                Heard::Gap(why) => self.lists.gap(why),
                Heard::Message { message, received } => {
                    self.read(&message, received, &mut items);
                    messages.push(message);
                }
            }
        }
        self.keep_and_pass(&items).await?;
        // The target has the events, so the broker may forget the messages.
        for message in &messages {
            client
                .ack(message)
                .await
                .map_err(|error| Failure::Said(format!("cannot acknowledge: {error}")))?;
        }
        Ok(())
    }

    /// Makes what is open as the broker's own list has it.
    async fn reconcile(&mut self, answer: Answer) -> Result<(), Failure> {
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
        self.keep_and_pass(&items).await?;
        if done.doubtful > 0 && answer.why != Why::Doubt {
            self.lists.doubt();
        }
        Ok(())
    }

    fn read(&mut self, message: &Publish, received: u64, items: &mut Vec<Item>) {
        if message.topic == UPTIME {
            // A retained one may be as old as the broker's interval.
            if !message.retain {
                let ended = self.restarted(&message.payload, received);
                items.extend(ended.into_iter().map(Item::Event));
            }
            return;
        }
        match self
            .adapter
            .read(&message.topic, &message.payload, received)
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

    fn restarted(&mut self, uptime: &[u8], now: u64) -> Vec<mqtt_presence_core::event::Event> {
        let seconds = std::str::from_utf8(uptime)
            .ok()
            .and_then(|text| text.strip_suffix(" seconds")?.parse::<u64>().ok());
        let Some(seconds) = seconds else {
            return Vec::new();
        };
        let started = now.saturating_sub(seconds * 1_000);
        // Channels carry whole seconds. When the connection broke at the
        // restart, what began before the break is gone; otherwise allow for the counting.
        let limit = match self.broken.take() {
            Some(broken) if broken <= started + SLACK => broken / 1_000 * 1_000,
            _ => started.saturating_sub(SLACK),
        };
        let ended = self.adapter.restarted(limit, now);
        if !ended.is_empty() {
            tracing::warn!(
                "the broker has restarted: {} open channels are closed",
                ended.len()
            );
        }
        ended
    }

    /// First into the state file: what the target may know to be open, this bridge knows after any
    /// crash, and what it has closed, it tells.
    async fn keep_and_pass(&mut self, items: &[Item]) -> Result<(), Failure> {
        self.keep.save(&self.adapter.changed(), items)?;
        self.pass(items).await
    }

    async fn pass(&mut self, items: &[Item]) -> Result<(), Failure> {
        if items.is_empty() {
            return Ok(());
        }
        let mut left = items;
        while !left.is_empty() {
            let (now, later) = left.split_at(portion(left));
            self.hand_over(now).await?;
            left = later;
        }
        self.keep.handed_over()
    }

    async fn hand_over(&self, items: &[Item]) -> Result<(), Failure> {
        let mut pause = PAUSE.0;
        loop {
            match self.target.take(items).await {
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

    #[test]
    fn a_quote_is_cut_between_characters() {
        assert_eq!(quoted(b"abc", 3), "abc");
        assert_eq!(quoted(b"abcd", 3), "abc…");
        assert_eq!(quoted("aüb".as_bytes(), 2), "a…");
        assert_eq!(quoted("😀😀".as_bytes(), 7), "😀…");
        assert_eq!(quoted(&[0x80; 9], 4).chars().count(), 5);
    }
}
