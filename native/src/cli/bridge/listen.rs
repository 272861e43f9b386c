//! The connection to the broker: subscribed, and made again when it breaks.

use std::time::Duration;

use rumqttc::{
    AsyncClient, ConnectReturnCode, ConnectionError, Event, EventLoop, Packet, Publish, QoS,
    SubscribeFilter, SubscribeReasonCode,
};
use tokio::sync::mpsc;

use super::super::failure::Failure;
use super::list::Why;
use crate::clock;

/// Pauses between attempts: the first, and the longest.
const PAUSE: (Duration, Duration) = (Duration::from_millis(250), Duration::from_secs(10));

/// What the connection brings.
pub(super) enum Heard {
    Message {
        message: Publish,
        received: u64,
    },
    /// The connection broke at this time, in milliseconds since 1970.
    Broken(u64),
    /// The subscription stands, after a time of which notices may be lost.
    Gap(Why),
}

/// Polls until the broker refuses for good or nobody hears any more.
pub(super) async fn listen(
    mut eventloop: EventLoop,
    client: AsyncClient,
    broker: String,
    topics: Vec<String>,
    heard: mpsc::Sender<Heard>,
) -> Result<(), Failure> {
    let mut pause = PAUSE.0;
    let mut ever = false;
    let mut connected = false;
    let mut gap = None;
    loop {
        match eventloop.poll().await {
            Ok(Event::Incoming(Packet::ConnAck(answer))) => {
                if !ever {
                    gap = Some(Why::Started);
                } else if answer.session_present {
                    // Its queue may have been too short.
                    gap = gap.or(Some(Why::Away));
                } else {
                    tracing::warn!(
                        "`{broker}` has forgotten this bridge's session: notices since then are lost"
                    );
                    gap = Some(Why::Forgotten);
                }
                (connected, ever, pause) = (true, true, PAUSE.0);
                tracing::info!("connected to `{broker}`");
                let filters: Vec<_> = topics
                    .iter()
                    .map(|topic| SubscribeFilter::new(topic.clone(), QoS::AtLeastOnce))
                    .collect();
                // From a task of its own: this one must go on polling to make room.
                let client = client.clone();
                tokio::spawn(async move { client.subscribe_many(filters).await });
            }
            Ok(Event::Incoming(Packet::SubAck(answer))) => {
                let refused = answer
                    .return_codes
                    .iter()
                    .position(|code| *code == SubscribeReasonCode::Failure);
                if let Some(at) = refused {
                    let topic = topics.get(at).map_or("?", String::as_str);
                    return Err(Failure::Said(format!(
                        "`{broker}` does not let this user read topic `{topic}`: allow it in the broker's access list"
                    )));
                }
                if let Some(why) = gap.take()
                    && heard.send(Heard::Gap(why)).await.is_err()
                {
                    return Ok(());
                }
            }
            Ok(Event::Incoming(Packet::Publish(message))) => {
                let received = clock::now();
                if heard
                    .send(Heard::Message { message, received })
                    .await
                    .is_err()
                {
                    return Ok(());
                }
            }
            Ok(_) => {}
            Err(ConnectionError::RequestsDone) => return Ok(()),
            Err(error) => {
                let sentence = sentence(&broker, &error);
                if !ever {
                    return Err(Failure::Said(sentence));
                }
                tracing::warn!("{sentence}; trying again");
                if std::mem::take(&mut connected)
                    && heard.send(Heard::Broken(clock::now())).await.is_err()
                {
                    return Ok(());
                }
                tokio::time::sleep(pause).await;
                pause = (pause * 2).min(PAUSE.1);
            }
        }
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
