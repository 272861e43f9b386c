//! Answers as objects of typed arrays.

use js_sys::{Array, Float64Array, JSON, Object, Reflect, Uint8Array, Uint16Array, Uint32Array};
use mqtt_presence_core::replay::Full;
use serde::Serialize;
use wasm_bindgen::JsValue;

/// An object that is being filled.
pub(crate) struct Answer(Object);

impl Answer {
    pub(crate) fn new() -> Answer {
        Answer(Object::new())
    }

    pub(crate) fn with(self, name: &str, value: impl Into<JsValue>) -> Answer {
        // A fresh object takes every field.
        let _ = Reflect::set(&self.0, &JsValue::from_str(name), &value.into());
        self
    }

    pub(crate) fn bytes(self, name: &str, values: &[u8]) -> Answer {
        self.with(name, Uint8Array::from(values))
    }

    pub(crate) fn shorts(self, name: &str, values: &[u16]) -> Answer {
        self.with(name, Uint16Array::from(values))
    }

    pub(crate) fn words(self, name: &str, values: &[u32]) -> Answer {
        self.with(name, Uint32Array::from(values))
    }

    pub(crate) fn numbers(self, name: &str, values: impl Iterator<Item = f64>) -> Answer {
        let values: Vec<f64> = values.collect();
        self.with(name, Float64Array::from(values.as_slice()))
    }

    pub(crate) fn texts<'a>(
        self,
        name: &str,
        values: impl Iterator<Item = Option<&'a str>>,
    ) -> Answer {
        let texts: Array = values
            .map(|text| text.map_or(JsValue::NULL, JsValue::from_str))
            .collect();
        self.with(name, texts)
    }
}

impl From<Answer> for JsValue {
    fn from(answer: Answer) -> JsValue {
        answer.0.into()
    }
}

/// Something small, by way of its JSON.
pub(crate) fn plain(value: &impl Serialize) -> Result<JsValue, JsValue> {
    JSON::parse(&json(value)?)
}

/// The value as JSON.
pub(crate) fn json(value: &impl Serialize) -> Result<String, JsValue> {
    serde_json::to_string(value).map_err(|e| error("not_json", &e.to_string()))
}

/// The value as a line of JSON, in bytes.
pub(crate) fn line(value: &impl Serialize) -> Result<Vec<u8>, JsValue> {
    let mut bytes = serde_json::to_vec(value).map_err(|e| error("not_json", &e.to_string()))?;
    bytes.push(b'\n');
    Ok(bytes)
}

/// What is thrown; all fields are always there.
pub(crate) fn error(code: &str, message: &str) -> JsValue {
    Answer::new()
        .with("code", code)
        .with("offset", JsValue::NULL)
        .with("line", JsValue::NULL)
        .with("column", JsValue::NULL)
        .with("field", JsValue::NULL)
        .with("message", message)
        .into()
}

/// What a recording took, or that it takes no more.
pub(crate) fn taken(taken: Result<(), Full>) -> Result<(), JsValue> {
    taken.map_err(|full| error("full", &full.to_string()))
}

/// A JSON array that is being written.
#[derive(Default)]
pub(crate) struct List(Vec<u8>);

impl List {
    pub(crate) fn add(&mut self, value: &impl Serialize) -> Result<(), JsValue> {
        self.0.push(if self.0.is_empty() { b'[' } else { b',' });
        serde_json::to_writer(&mut self.0, value).map_err(|e| error("not_json", &e.to_string()))
    }

    /// What was added since the last call; nothing if there was nothing.
    pub(crate) fn take(&mut self) -> Option<Vec<u8>> {
        if self.0.is_empty() {
            return None;
        }
        self.0.push(b']');
        Some(std::mem::take(&mut self.0))
    }
}
