//! The layers that are put over one another, as figment providers.

use std::borrow::Cow;
use std::path::PathBuf;

use figment::value::{Dict, Map, Value};
use figment::{Error, Metadata, Profile, Provider};
use serde::de::{Deserialize, Deserializer};

/// The sections of which there may be several.
pub const TABLES: &[&str] = &["source", "sink"];

/// The name of the `[[api.token]]` tables in the layers, as `api.token` is the
/// one token in short there: tables and text would replace one another.
pub const TOKENS: &str = "[[token]]";

/// Where a key lies in the layers.
pub fn lies_at(key: &str) -> Cow<'_, str> {
    match key.strip_prefix("api.token.") {
        Some(rest) if !rest.is_empty() => format!("api.{TOKENS}.{rest}").into(),
        _ => key.into(),
    }
}

/// The text of a TOML file. Its `[[source]]`, `[[sink]]` and `[[api.token]]` arrays
/// become maps by index, so that the environment can add a key to one of them.
pub struct File {
    /// As the user gave it.
    pub path: PathBuf,
    /// Its content, parsed.
    pub content: Dict,
}

impl Provider for File {
    fn metadata(&self) -> Metadata {
        Metadata::named(format!("`{}`", self.path.display()))
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        let mut content = self.content.clone();
        for name in TABLES {
            by_index(&mut content, name, name);
        }
        if let Some(Value::Dict(_, api)) = content.get_mut("api") {
            by_index(api, "token", TOKENS);
        }
        Ok(Profile::Default.collect(content))
    }
}

fn by_index(table: &mut Dict, name: &str, to: &str) {
    if !matches!(table.get(name), Some(Value::Array(..))) {
        return;
    }
    if let Some(Value::Array(tag, items)) = table.remove(name) {
        let items = items.into_iter().enumerate();
        let map = items.map(|(index, item)| (index.to_string(), item));
        table.insert(to.into(), Value::Dict(tag, map.collect()));
    }
}

/// One value from outside the file: an environment variable or a flag. It is
/// text; numbers and switches are read from it where the key asks for them.
pub struct Single {
    /// `section.key`
    pub key: String,
    /// The text.
    pub value: String,
    /// How messages name it: `MQTT_PRESENCE_API__BIND`, `--bind`.
    pub from: String,
}

impl Provider for Single {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.from.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        match figment::util::nest(&lies_at(&self.key), Value::from(self.value.clone())) {
            Value::Dict(_, dict) => Ok(Profile::Default.collect(dict)),
            _ => Err(Error::from(format!("`{}` is no key", self.key))),
        }
    }
}

/// A part of the configuration by itself.
pub struct Part(pub Dict);

impl Provider for Part {
    fn metadata(&self) -> Metadata {
        Metadata::named("configuration")
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.0.clone()))
    }
}

/// A list; from the environment and flags as text with commas.
pub fn list<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    match <Value as Deserialize>::deserialize(deserializer)? {
        Value::String(_, text) => Ok(text
            .split(',')
            .map(|item| item.trim().to_owned())
            .filter(|item| !item.is_empty())
            .collect()),
        Value::Array(_, items) => items
            .into_iter()
            .map(|item| {
                item.into_string()
                    .ok_or_else(|| serde::de::Error::custom("an item is no string"))
            })
            .collect(),
        _ => Err(serde::de::Error::custom("no list")),
    }
}
