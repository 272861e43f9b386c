//! One record's text into an event: the rules of the fields, in their order.

use std::borrow::Cow;
use std::collections::BTreeSet;

use super::quote::quote;
use super::tokens::{self, Fields, Token};
use super::{Code, Event, Kind};

/// Longest client id, channel id and client address in bytes.
const LONGEST: usize = 1024;

/// First number that is too large for a time.
const TIME_END: u64 = 1 << 53;

/// What is wrong with a record whose syntax is right.
#[derive(Debug)]
pub(super) struct Flaw {
    pub(super) code: Code,
    pub(super) field: Option<String>,
    /// The sentence.
    pub(super) message: String,
    /// The byte at fault, for `invalid_json`.
    pub(super) at: Option<usize>,
}

impl Flaw {
    fn new(code: Code, field: &str, message: String) -> Self {
        Flaw {
            code,
            field: Some(field.to_owned()),
            message,
            at: None,
        }
    }
}

/// The values of the fields that the rule reads, in their own spelling.
#[derive(Default)]
struct Known<'a> {
    client_id: Option<&'a str>,
    channel_id: Option<&'a str>,
    event_type: Option<&'a str>,
    time: Option<&'a str>,
    client_ip: Option<&'a str>,
}

/// Reads a record: `text` is valid JSON from its `{` to its `}`.
pub(super) fn decode(text: &str) -> Result<Event, Flaw> {
    let mut known = Known::default();
    let mut ignored: BTreeSet<Cow<'_, str>> = BTreeSet::new();
    let mut extra = String::new();
    for (key_token, value) in Fields::of(text) {
        let key = tokens::unescape(key_token.text);
        let slot = match &*key {
            "clientId" => Some(&mut known.client_id),
            "channelId" => Some(&mut known.channel_id),
            "eventType" => Some(&mut known.event_type),
            "time" => Some(&mut known.time),
            "clientIp" => Some(&mut known.client_ip),
            _ => None,
        };
        let twice = match slot {
            Some(slot) => slot.replace(value.text).is_some(),
            None => {
                extra.push(if extra.is_empty() { '{' } else { ',' });
                extra.push_str(key_token.text);
                extra.push(':');
                tokens::compact(value.text, &mut extra);
                let twice = ignored.contains(&key);
                ignored.insert(key.clone());
                twice
            }
        };
        if twice {
            return Err(duplicate(key_token.at, &key));
        }
        if let Some((at, key)) = nested_duplicate(value) {
            return Err(duplicate(at, &key));
        }
    }
    if !extra.is_empty() {
        extra.push('}');
    }
    Ok(Event {
        client_id: id("clientId", known.client_id)?,
        channel_id: id("channelId", known.channel_id)?,
        kind: kind(known.event_type)?,
        time: time(known.time)?,
        client_ip: client_ip(known.client_ip)?,
        extra: (!extra.is_empty()).then_some(extra),
    })
}

fn nested_duplicate(value: Token<'_>) -> Option<(usize, Cow<'_, str>)> {
    match value.text.as_bytes()[0] {
        b'{' | b'[' => tokens::duplicate(value),
        _ => None,
    }
}

fn duplicate(at: usize, key: &str) -> Flaw {
    let mut flaw = Flaw::new(
        Code::InvalidJson,
        key,
        format!("key {} comes twice in one object", quote(key.as_bytes())),
    );
    flaw.at = Some(at);
    flaw
}

fn required<'a>(field: &str, value: Option<&'a str>) -> Result<&'a str, Flaw> {
    value.ok_or_else(|| {
        let message = format!("field {} is missing", quote(field.as_bytes()));
        Flaw::new(Code::MissingField, field, message)
    })
}

/// The text of a required string that is not empty.
fn string<'a>(field: &str, value: Option<&'a str>) -> Result<Cow<'a, str>, Flaw> {
    let value = required(field, value)?;
    if !value.starts_with('"') {
        return Err(wrong_type(field, "a string", value));
    }
    let text = tokens::unescape(value);
    if text.is_empty() {
        return Err(empty(field, value));
    }
    Ok(text)
}

fn wrong_type(field: &str, wanted: &str, value: &str) -> Flaw {
    let message = format!("{field} must be {wanted}, not {}", quote(value.as_bytes()));
    Flaw::new(Code::WrongType, field, message)
}

fn empty(field: &str, value: &str) -> Flaw {
    let message = format!("{field} must not be empty: {}", quote(value.as_bytes()));
    Flaw::new(Code::EmptyValue, field, message)
}

fn at_most(field: &str, text: &str) -> Result<(), Flaw> {
    if text.len() <= LONGEST {
        return Ok(());
    }
    let message = format!(
        "{field} has {} bytes, at most {LONGEST} are allowed: {}",
        text.len(),
        quote(text.as_bytes())
    );
    Err(Flaw::new(Code::TooLarge, field, message))
}

fn id(field: &str, value: Option<&str>) -> Result<String, Flaw> {
    let text = string(field, value)?;
    at_most(field, &text)?;
    Ok(text.into_owned())
}

fn kind(value: Option<&str>) -> Result<Kind, Flaw> {
    let text = string("eventType", value)?;
    match &*text {
        "connect" => Ok(Kind::Connect),
        "disconnect" => Ok(Kind::Disconnect),
        "tcpclean" => Ok(Kind::Tcpclean),
        _ => {
            let message = format!(
                "eventType must be connect, disconnect or tcpclean, not {}",
                quote(text.as_bytes())
            );
            Err(Flaw::new(Code::UnknownEventType, "eventType", message))
        }
    }
}

fn time(value: Option<&str>) -> Result<u64, Flaw> {
    const FIELD: &str = "time";
    const WANTED: &str = "an integer or a string of digits";
    let value = required(FIELD, value)?;
    let digits = match value.as_bytes()[0] {
        b'"' => {
            let text = tokens::unescape(value);
            if text.is_empty() {
                return Err(empty(FIELD, value));
            }
            if !text.bytes().all(|b| b.is_ascii_digit()) {
                return Err(wrong_type(FIELD, WANTED, value));
            }
            text
        }
        b'-' | b'0'..=b'9' if !value.contains(['.', 'e', 'E']) => Cow::Borrowed(value),
        _ => return Err(wrong_type(FIELD, WANTED, value)),
    };
    // Too many digits for the type are too many for a time.
    match digits.parse::<u64>() {
        Ok(time) if 0 < time && time < TIME_END => Ok(time),
        _ => {
            let message = format!(
                "time must be more than 0 and less than {TIME_END}, not {}",
                quote(value.as_bytes())
            );
            Err(Flaw::new(Code::OutOfRange, FIELD, message))
        }
    }
}

fn client_ip(value: Option<&str>) -> Result<Option<String>, Flaw> {
    const FIELD: &str = "clientIp";
    match value {
        None | Some("null") => Ok(None),
        Some(value) if value.starts_with('"') => {
            let text = tokens::unescape(value);
            at_most(FIELD, &text)?;
            Ok(Some(text.into_owned()))
        }
        Some(value) => Err(wrong_type(FIELD, "a string or null", value)),
    }
}
