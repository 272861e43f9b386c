//! Whose messages a recording holds, as its beginning says.

use super::fields::Object;
use super::{Format, mosquitto, published};
use crate::event::{Limits, Reader, Rejected};

/// So many bytes are looked at, at most.
const MOST: usize = 1 << 17;
/// So many lines must look like a log's.
const LINES: usize = 20;

/// The beginning of a recording. What it says does not depend on how the
/// bytes were cut.
#[derive(Debug)]
pub(crate) struct Head {
    bytes: Vec<u8>,
    probe: Reader,
    first: Option<First>,
    feeds: usize,
    looked: bool,
}

/// What the first record is.
#[derive(Debug)]
enum First {
    Event,
    Of(Format),
    Other,
}

impl Head {
    pub fn new() -> Head {
        Head {
            bytes: Vec::new(),
            probe: Reader::new(Limits::default()),
            first: None,
            feeds: 0,
            looked: false,
        }
    }

    /// Takes what it wants to see and gives the rest back.
    pub fn push<'a>(&mut self, bytes: &'a [u8]) -> &'a [u8] {
        let (seen, rest) = bytes.split_at(bytes.len().min(MOST - self.bytes.len()));
        self.bytes.extend_from_slice(seen);
        self.feeds += memchr::memchr_iter(b'\n', seen).count();
        if self.first.is_none() {
            self.probe.push(seen);
            self.first = self.probe.next().map(|record| match record.outcome {
                Ok(_) => First::Event,
                Err(rejected) => of(&rejected).map_or(First::Other, First::Of),
            });
        }
        rest
    }

    /// Whose messages these are, `Some(None)` for events themselves; `None`
    /// while more bytes may tell. `ended` says that there are none.
    pub fn verdict(&mut self, ended: bool) -> Option<Option<Format>> {
        match (&self.first, self.may_be_log()) {
            (Some(First::Event), _) | (Some(First::Other), false) => return Some(None),
            (Some(First::Of(format)), _) => return Some(Some(*format)),
            (None, false) => return (ended || self.is_full()).then_some(None),
            (_, true) => {}
        }
        let log = Some(Some(Format::Mosquitto));
        if ended || self.is_full() {
            return if self.is_log(usize::MAX) {
                log
            } else {
                Some(None)
            };
        }
        if self.feeds < LINES || std::mem::replace(&mut self.looked, true) {
            return None;
        }
        if self.is_log(LINES) { log } else { None }
    }

    /// All that was taken.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    fn is_full(&self) -> bool {
        self.bytes.len() == MOST
    }

    /// Each line of a log begins with seconds.
    fn may_be_log(&self) -> bool {
        let first = self.bytes.iter().find(|byte| !byte.is_ascii_whitespace());
        first.is_some_and(u8::is_ascii_digit)
    }

    /// Whether the first lines all have a stamp, and one of the first `told`
    /// speaks of a client.
    fn is_log(&self, told: usize) -> bool {
        let text = String::from_utf8_lossy(&self.bytes);
        let tells = |line: &str| matches!(mosquitto::read(line.as_bytes(), 0), Ok(Some(_)));
        let stamped = |line: &str| {
            let stamp = line.split_once(": ").map(|(stamp, _)| stamp.parse::<u64>());
            matches!(stamp, Some(Ok(_)))
        };
        let lines = || text.lines().filter(|line| !line.trim().is_empty());
        // The last line may be cut.
        let whole = lines().count().saturating_sub(1).clamp(1, LINES);
        lines().take(whole).all(stamped) && lines().take(told).any(tells)
    }
}

/// Whose object this is, which is no event.
fn of(rejected: &Rejected) -> Option<Format> {
    let object = Object::of(&rejected.raw).ok()?;
    if let Some(format) = published::format(&object) {
        return Some(format);
    }
    let kind = object.text_if_any("eventType");
    if object.has("sessionIdentifier")
        && matches!(kind.as_deref(), Some("connected" | "disconnected"))
    {
        return Some(Format::Aws);
    }
    let timed = object.has("connected_at") || object.has("disconnected_at");
    (timed && object.has("clientid")).then_some(Format::Emqx)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn verdict(text: &str, chunk: usize) -> Option<Format> {
        let mut head = Head::new();
        for bytes in text.as_bytes().chunks(chunk) {
            head.push(bytes);
            if let Some(format) = head.verdict(false) {
                return format;
            }
        }
        head.verdict(true).unwrap()
    }

    #[test]
    fn the_verdict_does_not_depend_on_how_the_bytes_are_cut() {
        let aws =
            r#"{"clientId":"a","timestamp":1,"eventType":"connected","sessionIdentifier":"s"}"#;
        let start = "1700000000: mosquitto version 2.0.11 starting\n";
        let told = "1700000000: New client connected from 10.0.0.1:5 as m (p2, c1, k60).\n";
        let event = r#"{"clientId":"a","channelId":"c","eventType":"connect","time":1}"#;
        for (text, format) in [
            (aws.to_owned(), Some(Format::Aws)),
            (format!("\n [{aws},{aws}]"), Some(Format::Aws)),
            // Pretty-printed over more lines than a log is looked at.
            (aws.replace(',', ",\n\n\n\n\n\n\n\n"), Some(Format::Aws)),
            (start.repeat(30) + told, Some(Format::Mosquitto)),
            (told.repeat(30) + "no stamp\n", Some(Format::Mosquitto)),
            (start.to_owned() + "no stamp\n" + told, None),
            (start.repeat(40), None),
            (format!("[INFO] {aws}"), None),
            (event.to_owned() + aws, None),
            ("17".to_owned(), None),
            (String::new(), None),
        ] {
            for chunk in [1, 7, 4_096] {
                assert_eq!(verdict(&text, chunk), format, "{chunk}: {text:.80}");
            }
        }
    }
}
