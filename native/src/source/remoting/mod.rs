//! RocketMQ 4.x and 5.x through its name servers: what the rules of Alibaba's
//! MQTT service export to.
//!
//! A listener call holds at most 32 messages and becomes one delivery. The
//! broker is told of no offset past a message that the store does not have
//! (`holds`). While the store is down the calls wait for room, and no more
//! messages are fetched than fit in memory. What is not committed in the end
//! stays in its queue and is read again.
//!
//! The crate that speaks the protocol is contained: its runtime and settings
//! in `client`, what it says to the servers in `hook` (where the routes of 4.x
//! are mended too), what its silence means in `watch`, which queues are ours in
//! `share`, whether they are read in `queues` and how far behind they are in `lag`; what
//! `trace` follows of messages is in `trace`. So that it does little for each
//! message, those of a pull go through it as one (`parcel`, of the messages
//! that `frame` reads). It loses requests that come too fast (`pace`). A consumer that panics or does not recover is built anew.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use mqtt_presence_core::event::Limits;
use tracing::{info, warn};

use super::{Context, Health, Source, SourceError};
use crate::clock;
use crate::trace::Traces;

mod client;
mod config;
mod frame;
mod holds;
mod hook;
mod lag;
mod listener;
mod look;
mod pace;
mod parcel;
mod probe;
mod producer;
mod queues;
mod route;
mod session;
mod share;
mod trace;
mod watch;

pub use config::{Config, From, Tls};
pub use look::{Complaint, Look, Trouble, look, look_to_write};
pub use producer::{Keyed, Producer, SendError};

use session::{Parts, Session, close};
use trace::Tracer;
use watch::{Verdict, Watch};

/// The source's name in the configuration, in origins, logs and metrics.
const NAME: &str = "remoting";

/// How long a consumer may fail until it is built anew; doubles up to the longest.
const PATIENCE: Duration = Duration::from_secs(45);
const LONGEST_PATIENCE: Duration = Duration::from_secs(300);

/// The source.
#[derive(Debug)]
pub struct Remoting {
    config: Config,
    limits: Limits,
    traces: Option<Arc<Traces>>,
}

impl Remoting {
    /// A source with these settings; they are looked at when it runs.
    pub fn new(config: Config) -> Self {
        Remoting {
            config,
            limits: Limits::default(),
            traces: None,
        }
    }

    /// With other bounds of a record than core's own.
    pub fn within(self, limits: Limits) -> Self {
        Remoting { limits, ..self }
    }

    /// With a memory of its messages' ways, used if `trace` is set.
    pub fn remembering(mut self, traces: Arc<Traces>) -> Self {
        self.traces = Some(traces);
        self
    }
}

/// Why a session is over.
enum End {
    Shutdown,
    Rebuild,
}

#[async_trait]
impl Source for Remoting {
    fn name(&self) -> &str {
        NAME
    }

    async fn run(self: Box<Self>, context: Context) -> Result<(), SourceError> {
        let Remoting {
            config,
            limits,
            traces,
        } = *self;
        config.check().map_err(|reason| SourceError {
            source_name: NAME.to_owned(),
            reason,
        })?;
        // A name for all sessions: a broker may list the one before for a while,
        // and another name would divide the queues with it.
        let mut settings = client::settings(&config);
        settings.change_instance_name_to_pid();
        let mut patience = PATIENCE;
        let mut shown = lag::Shown::default();
        let tracer = config.trace.then(|| {
            let traces = traces.unwrap_or_else(|| Arc::new(Traces::new(clock::now())));
            Arc::new(Tracer::start(&config, traces))
        });
        loop {
            let watch = Arc::new(Watch::new(config.full_topic(), config.group.clone()));
            let mut session = Session::start(Parts {
                config: config.clone(),
                settings: settings.clone(),
                limits,
                intake: context.intake.clone(),
                watch: Arc::clone(&watch),
                tracer: tracer.clone(),
            });
            let end = observe(
                &config,
                &context,
                &watch,
                &mut session,
                &mut patience,
                &mut shown,
            )
            .await;
            session.stop().await;
            if let End::Shutdown = end {
                if let Some(tracer) = &tracer {
                    tracer.close().await;
                }
                return Ok(());
            }
        }
    }
}

/// Keeps `health` true until shutdown, or until the session should be replaced.
async fn observe(
    config: &Config,
    context: &Context,
    watch: &Watch,
    session: &mut Session,
    patience: &mut Duration,
    shown: &mut lag::Shown,
) -> End {
    let mut failing_since: Option<Instant> = None;
    loop {
        tokio::select! {
            () = context.shutdown.cancelled() => return End::Shutdown,
            ended = &mut session.ended => {
                let reason = match ended {
                    Ok(Ok(())) => "it ended".to_owned(),
                    Ok(Err(reason)) => reason,
                    Err(_) => "it panicked".to_owned(),
                };
                say(context, Health::Failing(format!("the RocketMQ client stopped: {reason}; starting it again in {} s", patience.as_secs())));
                let pause = *patience;
                *patience = (*patience * 2).min(LONGEST_PATIENCE);
                tokio::select! {
                    () = context.shutdown.cancelled() => return End::Shutdown,
                    () = tokio::time::sleep(pause) => return End::Rebuild,
                }
            }
            () = tokio::time::sleep(Duration::from_millis(500)) => {}
        }
        let waiting = watch.lags().waiting();
        shown.tell(&config.topic, &waiting);
        let verdict = watch.verdict();
        // What is lost does not come by waiting, unless a new client did not help.
        let wait = match verdict {
            Verdict::Unread { lost: true, .. } => *patience - PATIENCE,
            _ => *patience,
        };
        match sentence(config, verdict).await {
            Ok(Some(health)) => {
                say(context, health);
                failing_since = None;
                *patience = PATIENCE;
            }
            Ok(None) => {}
            Err(sentence) => {
                say(context, Health::Failing(sentence));
                let since = *failing_since.get_or_insert_with(Instant::now);
                if since.elapsed() >= wait {
                    *patience = (*patience * 2).min(LONGEST_PATIENCE);
                    info!(source = NAME, "starting the RocketMQ client anew");
                    return End::Rebuild;
                }
            }
        }
    }
}

/// The health that follows from the watch: `None` leaves it, an error says
/// what is wrong, where, and what to do.
async fn sentence(config: &Config, verdict: Verdict) -> Result<Option<Health>, String> {
    match verdict {
        Verdict::Starting => Ok(None),
        Verdict::Ready => Ok(Some(Health::Ready)),
        Verdict::Refused(sentence) => Err(sentence),
        Verdict::NoShare => Err(format!(
            "the broker does not list this instance in group `{}`, so it reads no queue of topic `{}`; the RocketMQ client is started anew",
            config.group, config.topic
        )),
        Verdict::Unread { queues, lost } => Err(format!(
            "the broker answers, but of topic `{}` the queues `{}` are {}",
            config.topic,
            queues.join("`, `"),
            if lost {
                "no longer read; the RocketMQ client is started anew"
            } else {
                "not read yet"
            },
        )),
        Verdict::NoNameServer => {
            let mut silent = Vec::new();
            let mut reasons = Vec::new();
            for address in config.addresses() {
                match probe::unreachable(address).await {
                    Some(reason) => reasons.push(format!("`{address}`: {reason}")),
                    None => silent.push(address),
                }
            }
            Err(match silent.first() {
                None => format!(
                    "no name server can be reached ({}); check `namesrv` and the network",
                    reasons.join(", ")
                ),
                Some(address) => format!(
                    "the name server `{address}` takes connections but does not answer; {}",
                    tls_hint(config)
                ),
            })
        }
        Verdict::NoBroker(brokers) => {
            let mut reasons = Vec::new();
            for address in &brokers {
                let reason = probe::unreachable(address).await.unwrap_or_else(|| {
                    format!(
                        "takes connections but does not answer; {}",
                        tls_hint(config)
                    )
                });
                reasons.push(format!("`{address}`: {reason}"));
            }
            Err(format!(
                "no broker of topic `{}` answers ({}); start it, or let this machine reach it",
                config.topic,
                reasons.join(", ")
            ))
        }
    }
}

fn tls_hint(config: &Config) -> &'static str {
    match config.tls {
        None => "it may want TLS: set `tls`",
        Some(_) => {
            "its certificate was not accepted or it does not speak TLS: check `tls.ca_file` and the name in its certificate"
        }
    }
}

/// Tells health and log, when it is news.
fn say(context: &Context, health: Health) {
    context.health.send_if_modified(|current| {
        if *current == health {
            return false;
        }
        match &health {
            Health::Failing(sentence) => warn!(source = NAME, "{sentence}"),
            _ => info!(source = NAME, "receiving"),
        }
        *current = health;
        true
    });
}
