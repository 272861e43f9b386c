//! Bytes into events, and nothing done with them.

use mqtt_presence_core::event::{self, Event, Kind, Place};
use serde::Serialize;
use wasm_bindgen::prelude::*;

use crate::output::json;
use crate::rejected::Rejection;
use crate::{filter, panic};

/// Cuts bytes into records, whatever the container and the chunks.
#[wasm_bindgen]
pub struct Reader(event::Reader);

#[derive(Default, Serialize)]
struct Records {
    events: Vec<Accepted>,
    errors: Vec<Rejection>,
}

/// Keys in the order of the vectors in `tests/conformance/parse`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Accepted {
    #[serde(flatten)]
    place: Place,
    client_id: String,
    channel_id: String,
    event_type: Kind,
    time: u64,
    client_ip: Option<String>,
    extra: Option<String>,
}

impl Accepted {
    fn new(place: Place, event: Event) -> Accepted {
        Accepted {
            place,
            client_id: event.client_id,
            channel_id: event.channel_id,
            event_type: event.kind,
            time: event.time,
            client_ip: event.client_ip,
            extra: event.extra,
        }
    }
}

#[wasm_bindgen]
impl Reader {
    /// A reader at record 1. Options: `maxRecord`, `maxDepth`.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &JsValue) -> Result<Reader, JsValue> {
        panic::watch();
        Ok(Reader(event::Reader::new(filter::limits(options)?)))
    }

    /// The records that these bytes complete, as JSON: `{events, errors}`.
    pub fn push(&mut self, bytes: &[u8]) -> Result<String, JsValue> {
        self.0.push(bytes);
        self.take()
    }

    /// The records that are complete because the input ends here.
    pub fn finish(&mut self) -> Result<String, JsValue> {
        self.0.finish();
        self.take()
    }

    fn take(&mut self) -> Result<String, JsValue> {
        let mut records = Records::default();
        while let Some(record) = self.0.next() {
            match record.outcome {
                Ok(event) => records.events.push(Accepted::new(record.place, event)),
                Err(rejected) => records.errors.push(Rejection::new(record.place, *rejected)),
            }
        }
        json(&records)
    }
}
