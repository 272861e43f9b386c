//! Where events go.

use std::io::{self, Write};
use std::path::PathBuf;
use std::str::FromStr;

use clap::Args;
use mqtt_presence_core::event::{Event, Limits, read_all};

use super::super::failure::Failure;
use super::super::service::{Service, ServiceArgs, Unanswered};
use super::store::StoreTarget;
use crate::fleet::to_json_line;
#[cfg(feature = "remoting")]
use crate::source::remoting::{Config, Producer};

/// What `--to` says.
#[derive(Clone, Debug)]
pub(super) enum Place {
    Stdout,
    Store,
    Http(String),
    #[cfg(feature = "remoting")]
    Rocketmq {
        namesrv: String,
        topic: String,
    },
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Place, String> {
        if text == "stdout" {
            return Ok(Place::Stdout);
        }
        if text == "store" {
            return Ok(Place::Store);
        }
        if text.starts_with("http://") || text.starts_with("https://") {
            return Ok(Place::Http(text.to_owned()));
        }
        #[cfg(feature = "remoting")]
        if let Some((namesrv, topic)) = text
            .strip_prefix("rocketmq://")
            .and_then(|rest| rest.split_once('/'))
        {
            return Ok(Place::Rocketmq {
                namesrv: namesrv.to_owned(),
                topic: topic.to_owned(),
            });
        }
        Err(format!(
            "`{text}` is none of `stdout`, `store`, `http://SERVICE` and `rocketmq://NAMESRV/TOPIC`"
        ))
    }
}

/// How a service as target lets the bridge in.
#[derive(Clone, Debug, Args)]
pub(super) struct ServiceAccess {
    /// File that holds the token of an HTTP target, which must be one that may write; or set MQTT_PRESENCE_TOKEN
    #[arg(long, value_name = "FILE", env = "MQTT_PRESENCE_TOKEN_FILE")]
    token_file: Option<PathBuf>,
    /// PEM file with the authorities of an `https://` target, in place of the system's
    #[arg(long = "to-ca", value_name = "FILE", env = "MQTT_PRESENCE_CA")]
    ca: Option<PathBuf>,
}

impl Place {
    pub async fn open(
        &self,
        service: ServiceAccess,
        config: Option<PathBuf>,
    ) -> Result<Target, Failure> {
        Ok(match self {
            Place::Stdout => Target::Stdout,
            Place::Store => Target::Store(StoreTarget::open(config).await?),
            Place::Http(url) => Target::Http(Service::new(&ServiceArgs {
                token_file: service.token_file,
                ca: service.ca,
                ..ServiceArgs::at(url)
            })?),
            #[cfg(feature = "remoting")]
            Place::Rocketmq { namesrv, topic } => {
                let config = Config::new(namesrv, topic, "mqtt_presence_bridge");
                let producer = Producer::start(&config).await;
                Target::Rocketmq(Box::new(
                    producer.map_err(|error| Failure::Said(error.to_string()))?,
                ))
            }
        })
    }
}

pub(super) enum Target {
    Stdout,
    Store(StoreTarget),
    Http(Service),
    #[cfg(feature = "remoting")]
    Rocketmq(Box<Producer>),
}

/// One thing to hand over, in the broker's order.
pub(super) enum Item {
    Event(Event),
    /// A message that no adapter could read, as a record for the quarantine.
    Unknown(String),
}

impl Item {
    /// One line of JSON.
    pub fn line(&self) -> String {
        match self {
            Item::Event(event) => line(event),
            Item::Unknown(record) => record.clone(),
        }
    }

    /// What [`Item::line`] made.
    pub fn read(line: String) -> Item {
        let mut records = read_all(line.as_bytes(), Limits::default());
        match records.pop().map(|record| record.outcome) {
            Some(Ok(event)) => Item::Event(event),
            _ => Item::Unknown(line),
        }
    }
}

/// Why a batch was not taken.
pub(super) enum Untaken {
    /// May pass: try again.
    Later(String),
    /// Will not.
    Never(Failure),
}

impl Target {
    /// Hands over all of it, or fails; doing it twice changes nothing.
    pub async fn take(&self, items: &[Item]) -> Result<(), Untaken> {
        match self {
            Target::Stdout => {
                let mut output = io::stdout().lock();
                output
                    .write_all(lines(items).as_bytes())
                    .and_then(|()| output.flush())
                    .map_err(|error| Untaken::Never(Failure::of_output(&error)))
            }
            Target::Store(store) => store.take(&lines(items)).await,
            Target::Http(service) => {
                let body = lines(items);
                match tokio::task::block_in_place(|| service.post_events(&body)) {
                    Ok(()) => Ok(()),
                    // A service that is overloaded or starting anew.
                    Err(
                        Unanswered::Refused {
                            status: 429 | 500..,
                            sentence,
                        }
                        | Unanswered::Unreached(sentence),
                    ) => Err(Untaken::Later(sentence)),
                    Err(refused) => Err(Untaken::Never(refused.into())),
                }
            }
            #[cfg(feature = "remoting")]
            Target::Rocketmq(producer) => rocketmq(producer, items)
                .await
                .map_err(|error| Untaken::Later(error.to_string())),
        }
    }

    pub async fn close(self) {
        match self {
            Target::Stdout | Target::Http(_) => {}
            Target::Store(store) => store.close().await,
            #[cfg(feature = "remoting")]
            Target::Rocketmq(producer) => producer.shutdown().await,
        }
    }
}

#[cfg(feature = "remoting")]
async fn rocketmq(
    producer: &Producer,
    items: &[Item],
) -> Result<(), crate::source::remoting::SendError> {
    let events: Vec<Event> = items
        .iter()
        .filter_map(|item| match item {
            Item::Event(event) => Some(event.clone()),
            Item::Unknown(_) => None,
        })
        .collect();
    if !events.is_empty() {
        producer.send(&events).await?;
    }
    for item in items {
        if let Item::Unknown(record) = item {
            // The tag of a closing, so that a filter by tag lets it through to the quarantine.
            producer
                .send_raw("tcpclean", "unknown", record.clone())
                .await?;
        }
    }
    Ok(())
}

fn lines(items: &[Item]) -> String {
    let mut lines = String::new();
    for item in items {
        lines.push_str(&item.line());
        lines.push('\n');
    }
    lines
}

/// The event with the fields that say what the broker gave as its reason.
fn line(event: &Event) -> String {
    let mut line = to_json_line(event);
    let extra = event
        .extra
        .as_deref()
        .and_then(|extra| extra.strip_prefix('{'));
    if let Some(rest) = extra {
        line.pop();
        line.push(',');
        line.push_str(rest);
    }
    line
}
