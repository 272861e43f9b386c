//! `[[api.token]]`: who may ask, and who may change something.

use std::collections::HashSet;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::Secret;

/// What a token allows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Scope {
    /// Every answer.
    Read,
    /// Also events, lists of connections and retries.
    Write,
}

impl Scope {
    /// As it is written in the configuration.
    pub fn as_str(self) -> &'static str {
        match self {
            Scope::Read => "read",
            Scope::Write => "write",
        }
    }
}

/// One `[[api.token]]`: several texts may be valid at once, so that a new one
/// can be given out before the old one ceases.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Token {
    /// How the log names it.
    pub name: String,
    /// What it allows.
    pub scope: Scope,
    /// A file with one token a line; it is read again when it changes.
    #[serde(default)]
    pub file: Option<PathBuf>,
    /// The token itself, in place of a file.
    #[serde(default)]
    pub value: Option<Secret>,
}

impl Token {
    /// The texts that are valid, at least one.
    ///
    /// # Errors
    /// A sentence that names the file, and never quotes what is in it.
    pub fn read(&self) -> Result<Vec<Secret>, String> {
        let Some(path) = &self.file else {
            let values: Vec<Secret> = self.value.iter().cloned().collect();
            return if !values.is_empty() && values.iter().all(is_sendable) {
                Ok(values)
            } else {
                Err("empty, or has characters that no header can carry".into())
            };
        };
        let shown = path.display();
        let secrets = Secret::lines(path)?;
        if !secrets.iter().all(is_sendable) {
            return Err(format!(
                "`{shown}` has a line that is more than one word of visible ASCII characters; write one token a line"
            ));
        }
        Ok(secrets)
    }
}

/// Whether a header can carry it as one word.
fn is_sendable(token: &Secret) -> bool {
    let text = token.expose();
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What is wrong with tokens together: the number of one, and the reason.
pub(super) fn clash(tokens: &[Token]) -> Option<(usize, &'static str, &'static str)> {
    let mut names = HashSet::new();
    for (index, token) in tokens.iter().enumerate() {
        if token.name.trim().is_empty() {
            return Some((index, "name", "empty"));
        }
        if !names.insert(&token.name) {
            return Some((index, "name", "the name of another token too"));
        }
        match (&token.file, &token.value) {
            (Some(_), Some(_)) => return Some((index, "file", "given beside `value`; give one")),
            (None, None) => return Some((index, "file", "missing, and so is `value`; give one")),
            _ => {}
        }
    }
    None
}
