//! Why a connection ended, in a sentence for people.

use std::any::Any;
use std::time::Duration;

use rocketmq::error::{ClientError, ErrorKind};

use super::config::{CALL, Config, POLL};
use super::look::Trouble;

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum Fault {
    /// The library answered an error.
    Client(ClientError),
    /// The proxy accepted the connection and then said nothing.
    Mute,
    /// A poll was neither answered nor refused for its whole length.
    Silent,
    /// The library panicked, with this message if it is known.
    Panic(Option<String>),
    /// A thread of the library spins without end.
    Spinning,
    /// The pipeline did not commit a delivery.
    NotCommitted,
    /// The operating system gave no threads.
    Threads(std::io::Error),
}

impl Fault {
    /// From what a task panicked with.
    pub(super) fn from_panic(payload: Box<dyn Any + Send>) -> Fault {
        let message = payload
            .downcast_ref::<&str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned());
        Fault::Panic(message)
    }

    /// From a receive that failed after `taken`.
    pub(super) fn from_receive(error: ClientError, taken: Duration) -> Fault {
        if taken >= POLL {
            Fault::Silent
        } else {
            Fault::Client(error)
        }
    }

    /// The kind of it.
    pub(super) fn trouble(&self) -> Trouble {
        match self {
            Fault::Client(error) => trouble_of(context(error, "code")),
            _ => Trouble::Other,
        }
    }

    /// What is wrong and what to do.
    pub(super) fn sentence(&self, config: &Config) -> String {
        let endpoint = &config.endpoint;
        match self {
            Fault::Client(error) => client_sentence(error, config),
            Fault::Mute => format!(
                "the RocketMQ proxy at `{endpoint}` accepts connections but did not answer within \
                 {} s: check that this is its gRPC port and that it is not overloaded",
                CALL.as_secs() * 3
            ),
            Fault::Silent => format!(
                "the RocketMQ proxy at `{endpoint}` did not answer a poll within {} s: check the \
                 network and the proxy",
                POLL.as_secs()
            ),
            Fault::Panic(message) => format!(
                "the gRPC client library stopped on an answer of the RocketMQ proxy at \
                 `{endpoint}` that it does not understand{}",
                quoted(message.as_deref().unwrap_or_default())
            ),
            Fault::Spinning => format!(
                "the gRPC client library span on a stream that the RocketMQ proxy at `{endpoint}` \
                 had reset"
            ),
            Fault::NotCommitted => {
                "the pipeline did not commit a delivery: see the store's health; the messages \
                 come again"
                    .to_owned()
            }
            Fault::Threads(error) => format!("no threads for the gRPC client: {error}"),
        }
    }
}

/// What the library says beside its error, if it does.
pub(super) fn context<'a>(error: &'a ClientError, key: &str) -> &'a str {
    let pair = error.context().iter().find(|(name, _)| *name == key);
    pair.map(|(_, value)| value.as_str()).unwrap_or_default()
}

/// What a code of the server says of topic and keys.
fn trouble_of(code: &str) -> Trouble {
    match code {
        "TOPIC_NOT_FOUND" | "ILLEGAL_TOPIC" => Trouble::TopicMissing,
        "UNAUTHORIZED" | "FORBIDDEN" => Trouble::Refused,
        _ => Trouble::Other,
    }
}

fn client_sentence(error: &ClientError, config: &Config) -> String {
    let endpoint = &config.endpoint;
    let source = error
        .source()
        .map(|source| quoted(&format!("{source:#}")))
        .unwrap_or_default();
    match error.kind() {
        ErrorKind::Connect => format!(
            "no connection to the RocketMQ proxy at `{endpoint}`: check that it runs and that \
             this is its gRPC port{source}"
        ),
        ErrorKind::Server => {
            let code = context(error, "code");
            let advice = match (trouble_of(code), code) {
                (Trouble::TopicMissing, _) => {
                    format!("create topic `{}` or correct its name", config.topic)
                }
                (_, "CONSUMER_GROUP_NOT_FOUND" | "ILLEGAL_CONSUMER_GROUP") => {
                    format!("create group `{}` or correct its name", config.group)
                }
                (Trouble::Refused, _) => format!(
                    "check `access_key` and `secret_key`, and that they may read topic `{}` as \
                     group `{}`",
                    config.topic, config.group
                ),
                (_, "ILLEGAL_FILTER_EXPRESSION") => format!("correct tags `{}`", config.tags),
                (_, "TOO_MANY_REQUESTS") => "it is overloaded; give it time".to_owned(),
                _ => "see the proxy's log".to_owned(),
            };
            format!(
                "the RocketMQ proxy at `{endpoint}` refused to serve topic `{}` to group `{}`: \
                 {advice}{}",
                config.topic,
                config.group,
                quoted(format!("{code} {}", context(error, "message")).trim())
            )
        }
        ErrorKind::NoBrokerAvailable => format!(
            "the RocketMQ proxy at `{endpoint}` knows no broker for topic `{}`: check that its \
             broker runs",
            config.topic
        ),
        _ => format!(
            "the connection to the RocketMQ proxy at `{endpoint}` broke in `{}`{source}",
            error.operation()
        ),
    }
}

/// ` (it said `…`)`, at most 200 characters on one line; nothing for nothing.
fn quoted(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    let mut line: String = text
        .chars()
        .take(200)
        .map(|c| if c.is_control() || c == '`' { '\'' } else { c })
        .collect();
    if text.chars().nth(200).is_some() {
        line.push('…');
    }
    format!(" (it said `{line}`)")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_is_told_on_one_short_line() {
        let config = Config::new("proxy:8081", "events", "GID_presence");
        let fault = Fault::from_panic(Box::new(format!("index\nout `of` {}", "x".repeat(900))));
        let sentence = fault.sentence(&config);
        assert!(sentence.contains("`proxy:8081`") && sentence.contains("index'out 'of' xxx"));
        assert!(
            !sentence.contains('\n') && sentence.len() < 500,
            "{sentence}"
        );
        let fault = Fault::from_panic(Box::new(7_u32));
        assert!(!fault.sentence(&config).contains("it said"));
    }
}
