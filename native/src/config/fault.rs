//! What is wrong with a configuration, for people.

use std::fmt;

use figment::Figment;
use figment::error::Kind;
use figment::value::Value;

use super::allowed::{allowed, is_secret};
use super::layers::lies_at;

/// What kind of fault it is, for programs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConfigFault {
    /// A key or a section that means nothing.
    UnknownKey,
    /// A secret's file cannot be read, or holds none.
    SecretUnreadable,
    /// Others reach the address, and there is no token.
    OpenWithoutToken,
    /// Any other.
    Other,
}

/// One sentence: where, which key, what is wrong, what is allowed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    sentence: String,
    fault: ConfigFault,
}

impl ConfigError {
    /// An error with this sentence.
    pub fn new(sentence: impl Into<String>) -> ConfigError {
        ConfigError {
            sentence: sentence.into(),
            fault: ConfigFault::Other,
        }
    }

    /// The same of this kind.
    pub fn of(fault: ConfigFault, sentence: impl Into<String>) -> ConfigError {
        ConfigError {
            fault,
            ..ConfigError::new(sentence)
        }
    }

    /// Of which kind it is.
    pub fn fault(&self) -> ConfigFault {
        self.fault
    }

    /// A key with a wrong value, named with the layer that gave it.
    pub fn value(layers: &Figment, key: &str, reason: &str) -> ConfigError {
        match layers.find_value(&lies_at(key)) {
            Ok(value) if !is_secret(key) => {
                let reason = format!("{}, which is {reason}", shown(&value));
                ConfigError::unquoted(layers, key, &reason)
            }
            _ => ConfigError::unquoted(layers, key, reason),
        }
    }

    /// The same without the value, which may hold a secret.
    pub fn unquoted(layers: &Figment, key: &str, reason: &str) -> ConfigError {
        let place = place(layers, key);
        ConfigError::new(format!("{place}`{key}` is {reason}{}", takes(key)))
    }

    /// A key that is not there.
    pub fn missing(layers: &Figment, key: &str) -> ConfigError {
        ConfigError::new(format!(
            "{}`{key}` is missing{}",
            place(layers, key),
            takes(key)
        ))
    }

    /// A key that means nothing.
    pub fn unknown(layers: &Figment, key: &str, known: &[&str]) -> ConfigError {
        let list: Vec<String> = known.iter().map(|name| format!("`{name}`")).collect();
        let list = match list.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, before)) => format!("{} and {last}", before.join(", ")),
            None => "no keys".into(),
        };
        let name = key.rsplit('.').next().unwrap_or(key);
        let meant = known
            .iter()
            .map(|known| (strsim::damerau_levenshtein(name, known), known))
            .filter(|(distance, known)| *distance * 3 <= known.len().max(3))
            .min()
            .map(|(_, known)| format!("did you mean `{known}`? "))
            .unwrap_or_default();
        ConfigError::of(
            ConfigFault::UnknownKey,
            format!(
                "{}unknown key `{key}`; {meant}allowed here: {list}",
                place(layers, key)
            ),
        )
    }

    /// What figment found below `prefix`.
    pub fn figment(layers: &Figment, prefix: &str, error: &figment::Error) -> ConfigError {
        let mut key = prefix.to_owned();
        for part in &error.path {
            key = if key.is_empty() {
                part.clone()
            } else {
                format!("{key}.{part}")
            };
        }
        match &error.kind {
            Kind::UnknownField(name, known) => {
                let key = if key.ends_with(&format!(".{name}")) {
                    key
                } else {
                    format!("{key}.{name}")
                };
                ConfigError::unknown(layers, &key, known)
            }
            Kind::MissingField(name) => ConfigError::missing(layers, &format!("{key}.{name}")),
            Kind::InvalidType(..) => ConfigError::value(layers, &key, "of the wrong type"),
            Kind::ISizeOutOfRange(_) | Kind::USizeOutOfRange(_) => {
                ConfigError::value(layers, &key, "out of range")
            }
            _ => ConfigError::value(layers, &key, "not allowed"),
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.sentence)
    }
}

impl std::error::Error for ConfigError {}

/// `mqtt-presence.toml: `, for the layer that gave the key or what is around it.
fn place(layers: &Figment, key: &str) -> String {
    let mut key = key;
    loop {
        if let Some(metadata) = layers.find_metadata(&lies_at(key)) {
            return format!("{}: ", metadata.name);
        }
        match key.rsplit_once('.') {
            Some((around, _)) => key = around,
            None => return String::new(),
        }
    }
}

fn takes(key: &str) -> String {
    allowed(key)
        .map(|takes| format!("; it takes {takes}"))
        .unwrap_or_default()
}

fn shown(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("`{text}`"),
        Value::Char(_, character) => format!("`{character}`"),
        Value::Bool(_, switch) => format!("`{switch}`"),
        Value::Num(_, number) => match (number.to_i128(), number.to_u128(), number.to_f64()) {
            (Some(number), _, _) => format!("`{number}`"),
            (_, Some(number), _) => format!("`{number}`"),
            (_, _, Some(number)) => format!("`{number}`"),
            _ => "a number".into(),
        },
        Value::Dict(..) => "a table".into(),
        Value::Array(..) => "a list".into(),
        Value::Empty(..) => "nothing".into(),
    }
}
