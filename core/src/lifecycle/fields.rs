//! Fields of a broker's JSON object.

use serde_json::{Map, Value};

use crate::event::quote;

pub(super) struct Object(Map<String, Value>);

impl Object {
    pub fn of(payload: &[u8]) -> Result<Object, String> {
        match serde_json::from_slice(payload) {
            Ok(Value::Object(map)) => Ok(Object(map)),
            Ok(_) => Err(format!("{} is no object", quote(payload))),
            Err(error) => Err(format!("{} is no JSON: {error}", quote(payload))),
        }
    }

    /// A string that must be there.
    pub fn text(&self, name: &str) -> Result<&str, String> {
        match self.0.get(name) {
            Some(Value::String(text)) => Ok(text),
            Some(other) => Err(format!(
                "`{name}` is {}, not a string",
                quote(other.to_string().as_bytes())
            )),
            None => Err(format!("`{name}` is missing")),
        }
    }

    /// A string, where there is one.
    pub fn text_if_any(&self, name: &str) -> Option<String> {
        self.0.get(name).and_then(Value::as_str).map(str::to_owned)
    }

    /// A whole number, also as digits in a string, where there is one.
    pub fn number(&self, name: &str) -> Result<Option<u64>, String> {
        let number = match self.0.get(name) {
            None | Some(Value::Null) => return Ok(None),
            Some(Value::String(digits)) => digits.parse().ok(),
            Some(other) => other.as_u64(),
        };
        match number {
            Some(number) => Ok(Some(number)),
            None => Err(format!(
                "`{name}` is {}, not a whole number",
                quote(self.0[name].to_string().as_bytes())
            )),
        }
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        self.0.get(name).and_then(Value::as_bool)
    }
}
