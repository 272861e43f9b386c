//! From bytes to events: containers, records and their errors.
//!
//! Drive a [`Reader`] by pushing chunks of any size, taking records until it
//! wants more, and finishing once the input ends:
//!
//! ```text
//! push(bytes) → next() until None → … → finish() → next() until None
//! ```

use std::fmt;

use serde::{Deserialize, Serialize};

mod answer;
mod damage;
mod gap;
mod look;
mod object;
mod place;
mod plain;
mod quote;
mod reader;
mod resume;
mod resync;
mod space;
mod syntax;
mod tokens;

pub use answer::{EventAnswer, Records, RejectedAnswer};
pub use plain::{Plain, Plains};
pub use reader::{Reader, read_all};

pub(crate) use quote::quote;

/// Which change of a TCP connection an event reports.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The connection began.
    Connect,
    /// The client sent a DISCONNECT packet.
    Disconnect,
    /// The TCP connection ended.
    Tcpclean,
}

impl Kind {
    /// The name in `eventType`, which is also the RocketMQ message tag.
    pub fn as_str(self) -> &'static str {
        match self {
            Kind::Connect => "connect",
            Kind::Disconnect => "disconnect",
            Kind::Tcpclean => "tcpclean",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One accepted record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// 1 to 1,024 bytes.
    pub client_id: String,
    /// 1 to 1,024 bytes; one TCP connection, never reused.
    pub channel_id: String,
    /// What happened to the connection.
    pub kind: Kind,
    /// Milliseconds since 1970, 0 < time < 2^53.
    pub time: u64,
    /// `ip:port` as the broker wrote it, at most 1,024 bytes.
    pub client_ip: Option<String>,
    /// The fields the rule ignores, as one JSON object in the record's own
    /// spelling and order; `None` when there are none.
    pub extra: Option<String>,
}

/// Where a record's first byte stands. All counts are in bytes and include a
/// byte order mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Place {
    /// Number of the record, from 1.
    pub record: u64,
    /// Line, from 1.
    pub line: u64,
    /// Column, from 1.
    pub column: u64,
    /// Offset, from 0.
    pub offset: u64,
}

/// Why a record was rejected; the wire names are stable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Code {
    /// Not JSON, or JSON with a duplicate key or text that is not UTF-8.
    InvalidJson,
    /// JSON, but not an object.
    NotAnObject,
    /// A required field is absent.
    MissingField,
    /// A field has another type than the format asks for.
    WrongType,
    /// A required field is an empty string.
    EmptyValue,
    /// `eventType` is none of the three.
    UnknownEventType,
    /// `time` is outside 0 < time < 2^53.
    OutOfRange,
    /// The record, an id or the nesting is beyond its limit.
    TooLarge,
    /// The input ends inside a record that was valid so far.
    Truncated,
}

impl Code {
    /// The wire name.
    pub fn as_str(self) -> &'static str {
        match self {
            Code::InvalidJson => "invalid_json",
            Code::NotAnObject => "not_an_object",
            Code::MissingField => "missing_field",
            Code::WrongType => "wrong_type",
            Code::EmptyValue => "empty_value",
            Code::UnknownEventType => "unknown_event_type",
            Code::OutOfRange => "out_of_range",
            Code::TooLarge => "too_large",
            Code::Truncated => "truncated",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A record that was not accepted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejected {
    /// Stable code.
    pub code: Code,
    /// The field at fault; `None` where the whole record is.
    pub field: Option<String>,
    /// A sentence that quotes the offending text in backticks.
    pub message: String,
    /// The record's bytes, as many as the size limit allowed to keep.
    pub raw: Vec<u8>,
}

/// One record: where it stands and what it was.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Where the record begins.
    pub place: Place,
    /// The event, or why there is none.
    pub outcome: Result<Event, Box<Rejected>>,
}

/// What bounds the memory of a [`Reader`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest record in bytes, from its `{` to its `}`. Default 65,536.
    pub record: usize,
    /// Deepest nesting; the record itself is depth 1. Default 16.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            record: 65_536,
            depth: 16,
        }
    }
}
