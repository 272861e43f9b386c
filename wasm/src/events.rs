//! Bytes into events, and nothing done with them.

use mqtt_presence_core::event::{self, Records};
use wasm_bindgen::prelude::*;

use crate::output::json;
use crate::{filter, panic};

/// Cuts bytes into records, whatever the container and the chunks.
#[wasm_bindgen]
pub struct Reader(event::Reader);

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
            records.push(record);
        }
        json(&records)
    }
}
