//! Flips of a push, small enough to hand over unread.

use js_sys::Float64Array;
use mqtt_presence_core::event::Plain;
use wasm_bindgen::JsValue;

use crate::output::Answer;

/// Those since the last call of [`take`](Flips::take).
#[derive(Default)]
pub(crate) struct Flips {
    /// Client id and channel id of each, one after another.
    text: String,
    /// Of each its event time, and in one number the lengths of the two ids in
    /// UTF-16, the kind and the answer.
    numbers: Vec<f64>,
}

impl Flips {
    pub(crate) fn add(&mut self, event: &Plain<'_>, online: bool) {
        self.text.push_str(event.client_id);
        self.text.push_str(event.channel_id);
        let lengths = length(event.client_id) << 11 | length(event.channel_id);
        let packed = lengths << 3 | (event.kind as u32) << 1 | u32::from(online);
        self.numbers
            .extend_from_slice(&[event.time as f64, f64::from(packed)]);
    }

    pub(crate) fn take(&mut self) -> Option<JsValue> {
        if self.numbers.is_empty() {
            return None;
        }
        let flips = Answer::new()
            .bytes("text", self.text.as_bytes())
            .with("numbers", Float64Array::from(self.numbers.as_slice()));
        self.text.clear();
        self.numbers.clear();
        Some(flips.into())
    }
}

/// At most 1,024, as no id is longer.
fn length(id: &str) -> u32 {
    let length = if id.is_ascii() {
        id.len()
    } else {
        id.encode_utf16().count()
    };
    length as u32
}
