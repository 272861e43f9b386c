//! One connection, from its start to its first fault. It lives on threads of
//! its own, and everything of it goes with them: the library cannot mend a
//! connection, and leaves tasks behind that nobody else could end.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use mqtt_presence_core::event::Limits;
use rocketmq::SimpleConsumer;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::ack::Acknowledger;
use super::config::{CALL, Config};
use super::fault::Fault;
use super::panics;
use super::receiver::{Shared, joined, receive};
use super::spinning::Watch;
use crate::source::{Context, Health};

/// Consumers of the group, each with a TCP connection.
const CONSUMERS: usize = 2;
/// Receives that one consumer has open at once. Few, because those open at the
/// end are cut off: what the proxy then puts into them stays hidden for the
/// invisible time before it comes again.
const RECEIVERS: usize = 2;
/// Threads of a connection. More than one: a consumer that spins must not
/// keep the rest from being ended.
const THREADS: usize = 2;
/// How often the connection is looked at.
const LOOK: Duration = Duration::from_millis(500);
/// Without a fault for so long after the start, it works: an idle topic
/// answers only after 20 s.
const PROVEN: Duration = Duration::from_secs(1);
/// How long the batches that were received may take to be committed and
/// acknowledged once receiving has stopped.
const DRAIN: Duration = Duration::from_secs(5);
/// A connection that answered and lasted so long has worked.
const LASTED: Duration = Duration::from_secs(30);

/// How a connection ended.
#[derive(Debug)]
pub(super) struct End {
    /// `None` when it was told to end.
    pub(super) fault: Option<Fault>,
    /// Whether it had worked for a while.
    pub(super) worked: bool,
}

/// Receives until `context.shutdown` or the first fault.
pub(super) async fn live(name: &str, config: &Config, limits: Limits, context: &Context) -> End {
    let runtime = match threads() {
        Ok(runtime) => runtime,
        Err(error) => {
            return End {
                fault: Some(Fault::Threads(error)),
                worked: false,
            };
        }
    };
    let shared = Arc::new(Shared {
        name: name.to_owned(),
        config: config.clone(),
        limits,
        intake: context.intake.clone(),
        stop: context.shutdown.child_token(),
        started: AtomicUsize::new(0),
        answered: AtomicBool::new(false),
    });
    let began = Instant::now();
    let mut consumers = JoinSet::new();
    for _ in 0..CONSUMERS {
        consumers.spawn_on(consume(shared.clone()), runtime.handle());
    }
    let fault = watch(&runtime, &shared, &mut consumers, context).await;
    let worked = shared.answered.load(Ordering::Relaxed) && began.elapsed() >= LASTED;
    shared.stop.cancel();
    let drain = async { while consumers.join_next().await.is_some() {} };
    if timeout(DRAIN, drain).await.is_err() {
        tracing::warn!(
            source = name,
            "not everything received was committed in time; the rest comes again"
        );
    }
    runtime.shutdown_background();
    End { fault, worked }
}

/// What the library runs on; its panics are known by the threads' name.
pub(super) fn threads() -> std::io::Result<Runtime> {
    Builder::new_multi_thread()
        .worker_threads(THREADS)
        .thread_name(panics::THREAD)
        .enable_all()
        .build()
}

/// Waits for the first fault; `None` when the connection was told to end.
async fn watch(
    runtime: &Runtime,
    shared: &Shared,
    consumers: &mut JoinSet<Result<(), Fault>>,
    context: &Context,
) -> Option<Fault> {
    let panics_before = panics::count();
    let mut spinning = Watch::new(runtime.metrics());
    let mut started_at = None;
    let mut look = tokio::time::interval(LOOK);
    loop {
        tokio::select! {
            ended = consumers.join_next() => match ended {
                Some(ended) => if let Err(fault) = joined(ended) {
                    return Some(fault);
                },
                None => return None,
            },
            _ = look.tick() => {
                if panics::count() != panics_before {
                    // Let a task that is waited for tell more of it.
                    return match timeout(LOOK, consumers.join_next()).await {
                        Ok(Some(Ok(Err(fault)))) => Some(fault),
                        Ok(Some(Err(error))) => joined(Err(error)).err(),
                        _ => Some(Fault::Panic(None)),
                    };
                }
                if spinning.is_stuck() {
                    return Some(Fault::Spinning);
                }
                if shared.started.load(Ordering::Relaxed) == CONSUMERS {
                    let started_at = started_at.get_or_insert_with(Instant::now);
                    if shared.answered.load(Ordering::Relaxed) || started_at.elapsed() >= PROVEN {
                        show(context, Health::Ready);
                    }
                }
            }
        }
    }
}

/// Says how the source fares, if that is news.
pub(super) fn show(context: &Context, health: Health) {
    context.health.send_if_modified(|shown| {
        let news = *shown != health;
        if news {
            *shown = health;
        }
        news
    });
}

/// A consumer that knows the route of its topic, and who acknowledges for it.
pub(super) async fn start(config: &Config) -> Result<(SimpleConsumer, Acknowledger), Fault> {
    let mut consumer =
        SimpleConsumer::new(config.consumer(), config.client()).map_err(Fault::Client)?;
    let acknowledger = Acknowledger::new(&consumer, config).await;
    // The library lets a proxy that accepts and never answers hang it. A start
    // that is given up takes the consumer with it, so that nothing waits on it.
    match timeout(CALL * 3, consumer.start()).await {
        Ok(started) => started.map_err(Fault::Client)?,
        Err(_) => return Err(Fault::Mute),
    }
    Ok((consumer, acknowledger))
}

/// One consumer with its receivers, until it is told to end or fails.
async fn consume(shared: Arc<Shared>) -> Result<(), Fault> {
    let (consumer, acknowledger) = tokio::select! {
        () = shared.stop.cancelled() => return Ok(()),
        started = start(&shared.config) => started?,
    };
    shared.started.fetch_add(1, Ordering::Relaxed);
    let (consumer, acknowledger) = (Arc::new(consumer), Arc::new(acknowledger));
    let mut receivers = JoinSet::new();
    for _ in 0..RECEIVERS {
        receivers.spawn(receive(
            shared.clone(),
            consumer.clone(),
            acknowledger.clone(),
        ));
    }
    while let Some(ended) = receivers.join_next().await {
        // A fault is told at once, not after the other receivers' batches:
        // those may wait for a store that is down.
        joined(ended)?;
    }
    if let Some(consumer) = Arc::into_inner(consumer) {
        // Only a courtesy: the proxy forgets a client that says nothing.
        let told = timeout(CALL, consumer.shutdown()).await;
        tracing::debug!(source = %shared.name, ?told, "told the proxy that a consumer ends");
    }
    Ok(())
}
