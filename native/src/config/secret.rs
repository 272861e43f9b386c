//! Secrets that no log, error or printed configuration shows.

use std::fmt;
use std::path::Path;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// What is shown instead.
pub const REDACTED: &str = "[redacted]";

/// A secret; wiped from memory when dropped.
#[derive(Clone)]
pub struct Secret(SecretString);

impl Secret {
    /// Wraps a secret.
    pub fn new(text: impl Into<String>) -> Secret {
        Secret(SecretString::from(text.into()))
    }

    /// Reads a file that holds the secret and perhaps a line end.
    ///
    /// # Errors
    /// A sentence: the file cannot be read or is empty.
    pub fn read(path: &Path) -> Result<Secret, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
        let secret = text.trim_end_matches(['\r', '\n']);
        if secret.is_empty() {
            return Err(format!("`{}` is empty", path.display()));
        }
        Ok(Secret::new(secret))
    }

    /// Reads a file that holds a secret in each line that is not blank.
    ///
    /// # Errors
    /// A sentence: the file cannot be read or has none.
    pub fn lines(path: &Path) -> Result<Vec<Secret>, String> {
        let text = std::fs::read_to_string(path)
            .map(Secret::new)
            .map_err(|error| format!("`{}` cannot be read: {error}", path.display()))?;
        let lines = text.expose().lines().map(str::trim);
        let secrets: Vec<Secret> = lines
            .filter(|line| !line.is_empty())
            .map(Secret::new)
            .collect();
        if secrets.is_empty() {
            return Err(format!("`{}` is empty", path.display()));
        }
        Ok(secrets)
    }

    /// The secret itself.
    pub fn expose(&self) -> &str {
        self.0.expose_secret()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(REDACTED)
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(REDACTED)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        Ok(Secret::new(String::deserialize(deserializer)?))
    }
}
