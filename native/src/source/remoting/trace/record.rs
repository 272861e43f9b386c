//! Trace records as RocketMQ's own consumers write them: `SubBefore` when
//! messages reach a listener, `SubAfter` when it has answered.

use std::sync::Arc;

use rocketmq_protocol::trace::{TraceRecord, TraceType, encode_records};

/// A message of a traced listener call.
#[derive(Clone, Debug, Default)]
pub(super) struct Traced {
    /// The id that its producer gave it, which the producer's trace has too.
    pub id: String,
    /// How often it was given back before.
    pub retries: u32,
    /// Its keys, with spaces between them.
    pub keys: String,
}

/// A traced listener call.
#[derive(Debug, Default)]
pub(super) struct Read {
    /// Ties the records of a call together.
    pub request: String,
    /// The broker's region, empty where it names none.
    pub region: String,
    /// When it began, in milliseconds since 1970.
    pub began: u64,
    /// Its messages.
    pub messages: Vec<Traced>,
}

/// What is written of a call.
#[derive(Clone, Debug)]
pub(super) enum Record {
    /// It began.
    Before(Arc<Read>),
    /// It ended.
    After {
        read: Arc<Read>,
        ended: u64,
        committed: bool,
    },
}

/// The code of a listener that has consumed, and of one that gave messages back.
const SUCCESS: &str = "0";
const FAILED: &str = "4";
/// What a broker is in that names no region.
const REGION: &str = "DefaultRegion";

impl Record {
    /// The call that it is of.
    pub(super) fn read(&self) -> &Read {
        match self {
            Record::Before(read) | Record::After { read, .. } => read,
        }
    }

    /// The record of each message, in the order of the call.
    pub(super) fn encode(&self, group: &str) -> impl Iterator<Item = (&str, String)> {
        let read = self.read();
        read.messages.iter().map(move |message| {
            let (kind, fields) = match self {
                Record::Before(_) => (TraceType::SubBefore, before(read, message, group)),
                Record::After {
                    ended, committed, ..
                } => (
                    TraceType::SubAfter,
                    after(read, message, group, *ended, *committed),
                ),
            };
            let fields = fields.into_iter().map(Into::into).collect();
            let text = encode_records(&[TraceRecord::new(kind, fields)]);
            (message.id.as_str(), text.to_string())
        })
    }
}

fn before(read: &Read, message: &Traced, group: &str) -> Vec<String> {
    let region = match read.region.as_str() {
        "" => REGION,
        region => region,
    };
    vec![
        read.began.to_string(),
        region.to_owned(),
        group.to_owned(),
        read.request.clone(),
        message.id.clone(),
        message.retries.to_string(),
        message.keys.clone(),
    ]
}

fn after(read: &Read, message: &Traced, group: &str, ended: u64, committed: bool) -> Vec<String> {
    // A call's time is divided among its messages.
    let cost = ended.saturating_sub(read.began) / read.messages.len().max(1) as u64;
    let code = if committed { SUCCESS } else { FAILED };
    vec![
        read.request.clone(),
        message.id.clone(),
        cost.to_string(),
        committed.to_string(),
        message.keys.clone(),
        code.to_owned(),
        ended.to_string(),
        group.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read() -> Arc<Read> {
        let traced = |id: &str, retries| Traced {
            id: id.to_owned(),
            retries,
            keys: "k1 k2".to_owned(),
        };
        Arc::new(Read {
            request: "R".to_owned(),
            region: String::new(),
            began: 1_000,
            messages: vec![traced("A", 0), traced("B", 2)],
        })
    }

    fn check(record: Record, expected: [&str; 2]) {
        let encoded: Vec<_> = record.encode("G").collect();
        let ids: Vec<_> = encoded.iter().map(|(id, _)| *id).collect();
        assert_eq!(ids, ["A", "B"]);
        for ((_, text), expected) in encoded.iter().zip(expected) {
            let fields = expected.replace(' ', "\u{1}").replace('_', " ");
            assert_eq!(*text, fields + "\u{2}");
        }
    }

    #[test]
    fn fields_are_in_the_order_that_servers_read() {
        check(
            Record::Before(read()),
            [
                "SubBefore 1000 DefaultRegion G R A 0 k1_k2",
                "SubBefore 1000 DefaultRegion G R B 2 k1_k2",
            ],
        );
        let after = |committed| Record::After {
            read: read(),
            ended: 1_009,
            committed,
        };
        check(
            after(true),
            [
                "SubAfter R A 4 true k1_k2 0 1009 G",
                "SubAfter R B 4 true k1_k2 0 1009 G",
            ],
        );
        check(
            after(false),
            [
                "SubAfter R A 4 false k1_k2 4 1009 G",
                "SubAfter R B 4 false k1_k2 4 1009 G",
            ],
        );
    }
}
