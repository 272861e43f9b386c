//! From a broker's own lifecycle messages to events.
//!
//! Brokers tell who came and went in shapes of their own. An [`Adapter`] takes
//! one such message (topic and payload) and gives the events it means. Where
//! a broker gives no channel, the adapter makes one of client, address and
//! connect time, and keeps what is open, because such a broker's closing names
//! just the client.

use std::fmt;
use std::str::FromStr;

use crate::event::Event;

mod aws;
mod emqx;
mod fields;
mod generic;
mod head;
mod lines;
mod listed;
mod mosquitto;
mod notice;
mod open;
mod page;
mod published;
mod recording;
mod timestamp;
mod vernemq;

pub use generic::Fields;
pub use listed::Listed;
pub use open::{Open, Reconciled};

pub(crate) use head::Head;
pub(crate) use lines::Lines;
pub(crate) use recording::Recording;

use notice::Notice;

/// Whose messages they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// AWS IoT Core presence events.
    Aws,
    /// EMQX `$SYS` messages and rule engine events.
    Emqx,
    /// JSON with field names from the configuration, such as a HiveMQ extension's.
    Generic,
    /// Mosquitto's log, by topic or as text.
    Mosquitto,
    /// VerneMQ's webhooks, published under topics that end with the hook's name.
    Vernemq,
}

impl Format {
    /// Every format, in alphabetical order.
    pub const ALL: [Format; 5] = [
        Format::Aws,
        Format::Emqx,
        Format::Generic,
        Format::Mosquitto,
        Format::Vernemq,
    ];

    /// The name in options and errors.
    pub fn as_str(self) -> &'static str {
        match self {
            Format::Aws => "aws",
            Format::Emqx => "emqx",
            Format::Generic => "generic",
            Format::Mosquitto => "mosquitto",
            Format::Vernemq => "vernemq",
        }
    }

    /// Topic filters under which the broker publishes; none where the user chooses.
    pub fn topics(self) -> &'static [&'static str] {
        match self {
            Format::Aws => &[
                "$aws/events/presence/connected/+",
                "$aws/events/presence/disconnected/+",
            ],
            Format::Emqx => &[
                "$SYS/brokers/+/clients/+/connected",
                "$SYS/brokers/+/clients/+/disconnected",
            ],
            // The letters of notices and errors: subscriptions are another topic.
            Format::Mosquitto => &["$SYS/broker/log/N", "$SYS/broker/log/E"],
            Format::Generic | Format::Vernemq => &[],
        }
    }
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl FromStr for Format {
    type Err = String;

    fn from_str(text: &str) -> Result<Format, String> {
        Format::ALL
            .into_iter()
            .find(|format| format.as_str() == text)
            .ok_or_else(|| {
                format!("`{text}` is no format: aws, emqx, generic, mosquitto or vernemq")
            })
    }
}

/// A message that is a lifecycle message by its topic, but of no known shape.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unknown {
    /// Whose adapter could not read it.
    pub format: Format,
    /// What is wrong, with the offending text in backticks.
    pub message: String,
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "adapter {}: {}", self.format, self.message)
    }
}

impl std::error::Error for Unknown {}

/// Reads the messages of one broker, in the broker's order.
#[derive(Clone, Debug)]
pub struct Adapter {
    format: Format,
    fields: Fields,
    open: Open,
}

impl Adapter {
    /// An adapter that knows the channels in `open` already; `fields` are for
    /// [`Format::Generic`].
    pub fn new(format: Format, fields: Fields, open: Open) -> Adapter {
        Adapter {
            format,
            fields,
            open,
        }
    }

    /// The events that a message means, none for a message of another matter.
    /// `received` is the time in milliseconds since 1970 at which it came, for
    /// brokers that give none.
    ///
    /// # Errors
    /// The message's shape is not the format's; nothing has changed then.
    pub fn read(
        &mut self,
        topic: &str,
        payload: &[u8],
        received: u64,
    ) -> Result<Vec<Event>, Unknown> {
        let notice = match self.format {
            Format::Aws => aws::read(payload),
            Format::Emqx => emqx::read(payload),
            Format::Generic => generic::read(&self.fields, payload, received),
            Format::Mosquitto => mosquitto::read(payload, received)
                .map(|notice| notice.and_then(|notice| mosquitto::whose(notice, &self.open))),
            Format::Vernemq => vernemq::read(topic, payload, received),
        };
        match notice.and_then(|notice| notice.map(Notice::checked).transpose()) {
            Ok(Some(notice)) => Ok(self.open.apply(self.format, notice)),
            Ok(None) => Ok(Vec::new()),
            Err(message) => Err(Unknown {
                format: self.format,
                message,
            }),
        }
    }

    /// Closings for every open channel that began before `started`, when the
    /// broker restarted; `now` is their time. All in milliseconds since 1970.
    pub fn restarted(&mut self, started: u64, now: u64) -> Vec<Event> {
        self.open.end_before(self.format, started, now)
    }

    /// A list of who is connected is about to be asked for: who comes and goes
    /// from now on goes before it.
    pub fn watch(&mut self) {
        self.open.watch();
    }

    /// Compares what is open with the broker's own list, which was asked for at
    /// `asked`, in milliseconds since 1970, after the call of [`Adapter::watch`].
    /// What the list lacks is closed, what only the list has is opened.
    pub fn reconcile(&mut self, listed: Listed, asked: u64) -> Reconciled {
        self.open.reconcile(self.format, listed, asked)
    }

    /// Clients of which something else is known than at the last call, each
    /// with JSON for [`Open::restore`]; empty unless it began with [`Open::kept`].
    pub fn changed(&mut self) -> Vec<(String, String)> {
        self.open.changed()
    }
}
