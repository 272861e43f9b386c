//! Fields of a broker's JSON object. Each stays text until it is asked for:
//! a tree of values would cost the WebAssembly a second parser.

use std::collections::BTreeMap;

use serde_json::value::RawValue;

use crate::event::quote;

pub(super) struct Object(BTreeMap<String, Box<RawValue>>);

impl Object {
    pub fn of(payload: &[u8]) -> Result<Object, String> {
        match serde_json::from_slice(payload) {
            Ok(fields) => Ok(Object(fields)),
            Err(error) if error.is_data() => Err(format!("{} is no object", quote(payload))),
            Err(error) => Err(format!("{} is no JSON: {error}", quote(payload))),
        }
    }

    /// The objects of an array, each of which `read` may reject.
    pub fn each<T>(
        array: &[u8],
        read: impl Fn(&Object) -> Result<T, String>,
    ) -> Result<Vec<T>, String> {
        let entries: Vec<Box<RawValue>> = match serde_json::from_slice(array) {
            Ok(entries) => entries,
            Err(error) if error.is_data() => return Err(format!("{} is no array", quote(array))),
            Err(error) => return Err(format!("{} is no JSON: {error}", quote(array))),
        };
        let read_one = |(at, entry): (usize, &RawValue)| {
            Object::of(entry.get().as_bytes())
                .and_then(|entry| read(&entry))
                .map_err(|reason| format!("entry {} of the list: {reason}", at + 1))
        };
        let entries = entries.iter().map(|entry| &**entry);
        entries.enumerate().map(read_one).collect()
    }

    pub fn has(&self, name: &str) -> bool {
        self.0.contains_key(name)
    }

    /// A field's JSON, where there is one.
    pub fn json(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(|value| value.get())
    }

    /// A string that must be there.
    pub fn text(&self, name: &str) -> Result<String, String> {
        match (self.text_if_any(name), self.json(name)) {
            (Some(text), _) => Ok(text),
            (None, Some(other)) => Err(format!(
                "`{name}` is {}, not a string",
                quote(other.as_bytes())
            )),
            (None, None) => Err(format!("`{name}` is missing")),
        }
    }

    /// A string, where there is one.
    pub fn text_if_any(&self, name: &str) -> Option<String> {
        let json = self.json(name).filter(|json| json.starts_with('"'))?;
        serde_json::from_str(json).ok()
    }

    /// A string or a number as it is written, where there is one.
    pub fn name(&self, name: &str) -> Result<Option<String>, String> {
        let json = match self.json(name) {
            None | Some("null") => return Ok(None),
            Some(json) => json,
        };
        let number = json.starts_with(|first: char| first == '-' || first.is_ascii_digit());
        match self.text_if_any(name) {
            None if number => Ok(Some(json.to_owned())),
            None => Err(format!(
                "`{name}` is {}, neither a string nor a number",
                quote(json.as_bytes())
            )),
            text => Ok(text),
        }
    }

    /// A whole number, also as digits in a string, where there is one.
    pub fn number(&self, name: &str) -> Result<Option<u64>, String> {
        let json = match self.json(name) {
            None | Some("null") => return Ok(None),
            Some(json) => json,
        };
        let digits = self.text_if_any(name);
        match digits.as_deref().unwrap_or(json).parse() {
            Ok(number) => Ok(Some(number)),
            Err(_) => Err(format!(
                "`{name}` is {}, not a whole number",
                quote(json.as_bytes())
            )),
        }
    }

    pub fn flag(&self, name: &str) -> Option<bool> {
        match self.json(name)? {
            "true" => Some(true),
            "false" => Some(false),
            _ => None,
        }
    }
}
