//! The connection to the broker: subscribed, and made again when it breaks.

use std::sync::Arc;
use std::sync::atomic::AtomicU64;
use std::sync::atomic::Ordering::Relaxed;
use std::time::{Duration, Instant};

use mqtt_presence_core::lifecycle::Format;
use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, Packet, Publish,
    SubscribeFilter, SubscribeReasonCode,
};
use tokio::sync::mpsc;

use super::super::failure::Failure;
use super::list::Why;
use crate::clock;

/// Pauses between attempts: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// So long Mosquitto keeps a line of its log for a session that is away.
const KEPT: Duration = Duration::from_secs(20);

/// A message of the broker.
pub(super) struct Message {
    pub publish: Publish,
    pub received: u64,
    /// Which of the broker's sessions it belongs to.
    pub session: u64,
}

/// What the connection brings.
pub(super) enum Heard {
    Message(Message),
    /// The connection broke at this time, in milliseconds since 1970.
    Broken(u64),
    /// The subscription stands, after a time of which notices may be lost.
    Gap(Why),
}

pub(super) struct Listener {
    pub client: AsyncClient,
    pub broker: String,
    pub filters: Vec<SubscribeFilter>,
    pub format: Format,
    /// Counts the sessions that the broker has begun.
    pub session: Arc<AtomicU64>,
    pub heard: mpsc::Sender<Heard>,
}

impl Listener {
    /// Polls until the broker refuses for good or nobody hears any more.
    pub async fn listen(self, mut eventloop: EventLoop) -> Result<(), Failure> {
        let broker = &self.broker;
        let mut pause = PAUSE.0;
        let mut ever = false;
        let mut broken: Option<Instant> = None;
        let mut gap = None;
        loop {
            let heard = match eventloop.poll().await {
                Ok(Event::Incoming(Packet::ConnAck(answer))) => {
                    let away = broken.take().map(|since| since.elapsed());
                    gap = Some(self.connected(ever, answer.session_present, away, gap));
                    (ever, pause) = (true, PAUSE.0);
                    None
                }
                Ok(Event::Incoming(Packet::SubAck(answer))) => {
                    self.allowed(&answer.return_codes)?;
                    gap.take().map(Heard::Gap)
                }
                Ok(Event::Incoming(Packet::Publish(publish))) => Some(Heard::Message(Message {
                    publish,
                    received: clock::now(),
                    session: self.session.load(Relaxed),
                })),
                Ok(_) => None,
                Err(ConnectionError::RequestsDone) => return Ok(()),
                Err(error) => {
                    let sentence = sentence(broker, &error);
                    if !ever {
                        return Err(Failure::Said(sentence));
                    }
                    tracing::warn!("{sentence}; trying again");
                    let news = broken.is_none().then(|| Heard::Broken(clock::now()));
                    broken.get_or_insert_with(Instant::now);
                    if let Some(news) = news
                        && self.heard.send(news).await.is_err()
                    {
                        return Ok(());
                    }
                    tokio::time::sleep(pause).await;
                    pause = (pause * 2).min(PAUSE.1);
                    None
                }
            };
            if let Some(heard) = heard
                && self.heard.send(heard).await.is_err()
            {
                return Ok(());
            }
        }
    }

    /// Subscribes; why notices from before may be lost.
    fn connected(&self, ever: bool, kept: bool, away: Option<Duration>, gap: Option<Why>) -> Why {
        let broker = &self.broker;
        if !kept {
            self.session.fetch_add(1, Relaxed);
        }
        let why = match (ever, kept) {
            (false, _) => Why::Started,
            // Its queue may have been too short.
            (true, true) => gap.unwrap_or(Why::Away),
            (true, false) => {
                tracing::warn!(
                    "`{broker}` has forgotten this bridge's session: notices since then are lost"
                );
                Why::Forgotten
            }
        };
        if kept && self.format == Format::Mosquitto && away.is_some_and(|away| away > KEPT) {
            tracing::warn!(
                "`{broker}` was away for more than {} s: Mosquitto keeps its notices no longer, older ones are lost",
                KEPT.as_secs()
            );
        }
        tracing::info!("connected to `{broker}`");
        // From a task of its own: the caller must go on polling to make room.
        let (client, filters) = (self.client.clone(), self.filters.clone());
        tokio::spawn(async move { client.subscribe_many(filters).await });
        why
    }

    fn allowed(&self, codes: &[SubscribeReasonCode]) -> Result<(), Failure> {
        let refused = codes
            .iter()
            .position(|code| *code == SubscribeReasonCode::Failure);
        let Some(at) = refused else {
            return Ok(());
        };
        let topic = self.filters.get(at).map_or("?", |filter| &filter.path);
        Err(Failure::Said(format!(
            "`{}` does not let this user read topic `{topic}`: allow it in the broker's access list",
            self.broker
        )))
    }
}

fn sentence(broker: &str, error: &ConnectionError) -> String {
    match error {
        ConnectionError::ConnectionRefused(ConnectReturnCode::BadUserNamePassword) => {
            format!("`{broker}` refuses the user name or password")
        }
        ConnectionError::ConnectionRefused(ConnectReturnCode::NotAuthorized) => format!(
            "`{broker}` does not let this bridge in: give `--user` and `--password-file`, or check them"
        ),
        ConnectionError::ConnectionRefused(code) => {
            format!("`{broker}` refuses the connection: {code:?}")
        }
        ConnectionError::Tls(error) => format!(
            "no TLS with `{broker}`: {error}; `--ca-file` names the authority to trust, and the address must be a name \
             of the certificate"
        ),
        ConnectionError::Io(error) => format!("cannot reach `{broker}`: {error}"),
        other => format!("the connection to `{broker}` failed: {other}"),
    }
}
