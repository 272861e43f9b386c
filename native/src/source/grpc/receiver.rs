//! Receive, hand over, acknowledge: what runs many times side by side.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mqtt_presence_core::event::Limits;
use rocketmq::SimpleConsumer;
use rocketmq::model::message::MessageView;
use tokio::task::{JoinError, JoinSet};
use tokio_util::sync::CancellationToken;

use super::ack::{Acknowledger, Unacknowledged};
use super::body::unpack;
use super::config::Config;
use super::fault::Fault;
use crate::pipeline::{Delivery, Intake};
use crate::source::message;
use crate::store::{Origin, Poison};

/// The broker hands out at most so many messages a receive.
const BATCH: i32 = 32;
/// Batches of one receiver that may be with the pipeline or being acknowledged.
const AHEAD: usize = 8;
/// An empty answer before this is not the end of a poll.
const TOO_SOON: Duration = Duration::from_secs(1);
/// What is waited after an answer that came empty and too soon.
const PAUSE: Duration = Duration::from_millis(50);

/// What the receivers of one connection share.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) name: String,
    pub(super) config: Config,
    pub(super) limits: Limits,
    pub(super) intake: Intake,
    /// Cancelled when receiving must stop.
    pub(super) stop: CancellationToken,
    /// Consumers that have started.
    pub(super) started: AtomicUsize,
    /// Whether a receive was answered.
    pub(super) answered: AtomicBool,
}

/// Receives until `stop` is cancelled or something fails, then waits for its
/// batches; whoever called may give up on that.
pub(super) async fn receive(
    shared: Arc<Shared>,
    consumer: Arc<SimpleConsumer>,
    acknowledger: Arc<Acknowledger>,
) -> Result<(), Fault> {
    let mut ahead = JoinSet::new();
    let received = receive_into(&mut ahead, &shared, &consumer, &acknowledger).await;
    let mut settled = Ok(());
    while let Some(ended) = ahead.join_next().await {
        settled = settled.and(joined(ended));
    }
    received.and(settled)
}

async fn receive_into(
    ahead: &mut JoinSet<Result<(), Fault>>,
    shared: &Arc<Shared>,
    consumer: &SimpleConsumer,
    acknowledger: &Arc<Acknowledger>,
) -> Result<(), Fault> {
    let filter = shared.config.filter();
    loop {
        while let Some(ended) = ahead.try_join_next() {
            joined(ended)?;
        }
        if ahead.len() >= AHEAD {
            // While the store is down this waits, and so receives nothing:
            // a message received in vain would come nearer to its last attempt.
            tokio::select! {
                () = shared.stop.cancelled() => return Ok(()),
                Some(ended) = ahead.join_next() => joined(ended)?,
            }
            continue;
        }
        let began = Instant::now();
        let answer = tokio::select! {
            () = shared.stop.cancelled() => return Ok(()),
            answer = consumer.receive_with(
                &shared.config.topic,
                &filter,
                BATCH,
                shared.config.invisible(),
            ) => answer,
        };
        let messages = answer.map_err(|error| Fault::from_receive(error, began.elapsed()))?;
        shared.answered.store(true, Ordering::Relaxed);
        if !messages.is_empty() {
            ahead.spawn(settle(shared.clone(), acknowledger.clone(), messages));
        } else if began.elapsed() < TOO_SOON {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// Commits a batch and acknowledges it. What was not committed is not
/// acknowledged and comes again once its invisible time is over.
async fn settle(
    shared: Arc<Shared>,
    acknowledger: Arc<Acknowledger>,
    messages: Vec<MessageView>,
) -> Result<(), Fault> {
    let mut delivery = Delivery::default();
    for message in &messages {
        read(&shared, message, &mut delivery);
    }
    if shared.intake.deliver(delivery).await.is_err() {
        return Err(Fault::NotCommitted);
    }
    if let Err(Unacknowledged {
        messages: failed,
        reason,
    }) = acknowledger.acknowledge(&messages).await
    {
        tracing::warn!(
            source = %shared.name,
            failed,
            of = messages.len(),
            reason,
            "committed messages were not acknowledged; they come again and change nothing"
        );
    }
    Ok(())
}

/// Adds what a message says to the delivery.
fn read(shared: &Shared, message: &MessageView, delivery: &mut Delivery) {
    // The library shows neither queue nor offset.
    let origin = Origin {
        source: shared.name.clone().into(),
        message_id: Some(message.message_id().to_owned()),
        topic: Some(message.topic().to_owned()),
        queue: None,
        offset: None,
    };
    match unpack(message.body()) {
        Ok(body) => message::read(&body, origin, shared.limits, delivery),
        Err(unreadable) => delivery.poison.push(Poison {
            origin,
            code: unreadable.code.as_str().to_owned(),
            field: None,
            message: unreadable.message,
            raw: message.body().to_vec(),
        }),
    }
}

/// The result of a task that may have panicked.
pub(super) fn joined(ended: Result<Result<(), Fault>, JoinError>) -> Result<(), Fault> {
    match ended {
        Ok(result) => result,
        Err(error) => match error.try_into_panic() {
            Ok(payload) => Err(Fault::from_panic(payload)),
            // Cancelled: whoever did that knows why.
            Err(_) => Ok(()),
        },
    }
}
