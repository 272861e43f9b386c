//! Recordings of a broker's own messages, read as records.

use serde_json::Value;

use super::{Adapter, Fields, Format, Open, mosquitto};
use crate::event::{Code, Limits, Place, Reader, Record, Rejected};

/// Lines that are looked at for a log.
const LINES: usize = 20;

/// Whose recording begins with `head`, where its first record clearly is of a
/// shape that tells: AWS, EMQX, or Mosquitto's log. `None` for events
/// themselves and for anything else.
pub fn detect(head: &[u8]) -> Option<Format> {
    let mut reader = Reader::new(Limits::default());
    reader.push(head);
    let raw = match reader.next().map(|record| record.outcome) {
        Some(Ok(_)) => return None,
        Some(Err(rejected)) => rejected.raw,
        // Text that goes on: it may be a log.
        None => Vec::new(),
    };
    if let Ok(Value::Object(object)) = serde_json::from_slice(&raw) {
        let is = |name: &str, words: &[&str]| {
            let word = object.get(name).and_then(Value::as_str);
            word.is_some_and(|word| words.contains(&word))
        };
        if object.contains_key("sessionIdentifier")
            && is("eventType", &["connected", "disconnected"])
        {
            return Some(Format::Aws);
        }
        let times = ["connected_at", "disconnected_at"];
        let timed = times.iter().any(|name| object.contains_key(*name));
        return (timed && object.contains_key("clientid")).then_some(Format::Emqx);
    }
    let text = String::from_utf8_lossy(head);
    let lines: Vec<&str> = text
        .lines()
        .take(LINES)
        .filter(|line| !line.is_empty())
        .collect();
    let stamped = |line: &&str| {
        line.split_once(": ")
            .is_some_and(|(stamp, _)| stamp.parse::<u64>().is_ok())
    };
    let tells = |line: &&str| matches!(mosquitto::read(line.as_bytes(), 0), Ok(Some(_)));
    // The last line may be cut.
    let whole = lines.len().saturating_sub(1).max(1).min(lines.len());
    (lines[..whole].iter().all(stamped) && lines.iter().any(tells)).then_some(Format::Mosquitto)
}

/// Turns the records of one recording into events.
#[derive(Debug)]
pub struct Recording {
    adapter: Adapter,
}

impl Recording {
    /// A recording of this format; `Generic` and `Vernemq` need a topic or
    /// names of fields that no recording has, and read as unknown.
    pub fn new(format: Format) -> Recording {
        Recording {
            adapter: Adapter::new(format, Fields::default(), Open::default()),
        }
    }

    /// A record of the [`Reader`], which took a broker's object for an event
    /// that lacks its fields: the same place, with the event it means.
    pub fn object(&mut self, record: Record) -> Record {
        let place = record.place;
        match record.outcome {
            Err(rejected) if rejected.field.is_some() && rejected.code != Code::InvalidJson => {
                let mut read = self.read(place, rejected.raw);
                match read.pop() {
                    Some(record) if read.is_empty() => record,
                    _ => unknown(place, Vec::new(), "it means no single event".into()),
                }
            }
            outcome => Record { place, outcome },
        }
    }

    /// A line of a log: no record, one, or two where a connect ends an older
    /// channel; they count on from the place's number.
    pub fn line(&mut self, place: Place, line: &[u8]) -> Vec<Record> {
        self.read(place, line.to_vec())
    }

    fn read(&mut self, place: Place, raw: Vec<u8>) -> Vec<Record> {
        match self.adapter.read("", &raw, 0) {
            Ok(events) => (place.record..)
                .zip(events)
                .map(|(record, event)| Record {
                    place: Place { record, ..place },
                    outcome: Ok(event),
                })
                .collect(),
            Err(error) => vec![unknown(place, raw, error.to_string())],
        }
    }
}

fn unknown(place: Place, raw: Vec<u8>, message: String) -> Record {
    Record {
        place,
        outcome: Err(Box::new(Rejected {
            code: Code::WrongType,
            field: None,
            message,
            raw,
        })),
    }
}
