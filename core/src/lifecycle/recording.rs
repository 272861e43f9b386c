//! Recordings of a broker's own messages, read as records.

use super::{Adapter, Fields, Format, Open, published};
use crate::event::{Code, Place, Record, Rejected};

/// Turns the records of one recording into events. All that a message means
/// has the place of the message.
#[derive(Debug)]
pub(crate) struct Recording {
    adapter: Adapter,
}

impl Recording {
    pub fn new(format: Format) -> Recording {
        Recording {
            adapter: Adapter::new(format, Fields::default(), Open::default()),
        }
    }

    /// A record of the reader, which took a broker's object for an event that
    /// lacks its fields: nothing where the message means nothing new.
    pub fn object(&mut self, record: Record) -> Vec<Record> {
        let place = record.place;
        match record.outcome {
            Err(rejected) if rejected.field.is_some() && rejected.code != Code::InvalidJson => {
                self.message(place, rejected.raw)
            }
            outcome => vec![Record { place, outcome }],
        }
    }

    /// A line of a log: no record, one, or two where a connect ends an older channel.
    pub fn line(&mut self, place: Place, line: &[u8]) -> Vec<Record> {
        self.message(place, line.to_vec())
    }

    fn message(&mut self, place: Place, raw: Vec<u8>) -> Vec<Record> {
        match published::read(&raw) {
            Some(message) => self.read(place, &message.topic, message.payload, message.time),
            None => self.read(place, "", raw, 0),
        }
    }

    fn read(&mut self, place: Place, topic: &str, raw: Vec<u8>, received: u64) -> Vec<Record> {
        let outcomes = match self.adapter.read(topic, &raw, received) {
            Ok(events) => events.into_iter().map(Ok).collect(),
            Err(error) => vec![Err(Box::new(Rejected {
                code: Code::WrongType,
                field: None,
                message: error.to_string(),
                raw,
            }))],
        };
        let record = |outcome| Record { place, outcome };
        outcomes.into_iter().map(record).collect()
    }
}
