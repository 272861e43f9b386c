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
    /// Event time, lengths of the two ids in UTF-16, and `kind * 2 + online` of each.
    numbers: Vec<f64>,
}

impl Flips {
    pub(crate) fn add(&mut self, event: &Plain<'_>, online: bool) {
        self.text.push_str(event.client_id);
        self.text.push_str(event.channel_id);
        let kind = event.kind as u8;
        self.numbers.extend_from_slice(&[
            event.time as f64,
            length(event.client_id),
            length(event.channel_id),
            f64::from(kind * 2 + u8::from(online)),
        ]);
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

fn length(id: &str) -> f64 {
    let length = if id.is_ascii() {
        id.len()
    } else {
        id.encode_utf16().count()
    };
    length as f64
}
