//! The tokens that are valid now.

use std::sync::{Arc, Mutex, PoisonError};

use axum::http::{HeaderMap, header};
use subtle::{Choice, ConstantTimeEq};
use tokio::sync::watch;

use crate::config::{Scope, Secret, Token};

/// Knows the tokens, and reads their files again.
#[derive(Debug)]
pub struct Access {
    accepted: watch::Sender<Arc<Vec<Accepted>>>,
    entries: Mutex<Vec<Entry>>,
    /// Whether anybody may do everything.
    open: bool,
}

#[derive(Clone, Debug)]
struct Accepted {
    secret: Secret,
    scope: Scope,
}

#[derive(Debug)]
struct Entry {
    token: Token,
    secrets: Vec<Secret>,
    /// Why its file could not be read last time; logged once.
    fault: Option<String>,
}

impl Access {
    /// Reads every token; with none at all, anybody may do everything.
    ///
    /// # Errors
    /// A sentence that names the token and its file.
    pub fn new(tokens: Vec<Token>) -> Result<Access, String> {
        let open = tokens.is_empty();
        let mut entries = Vec::with_capacity(tokens.len());
        for token in tokens {
            let secrets = token
                .read()
                .map_err(|reason| format!("token `{}`: {reason}", token.name))?;
            entries.push(Entry {
                token,
                secrets,
                fault: None,
            });
        }
        Ok(Access {
            accepted: watch::Sender::new(Arc::new(accepted(&entries))),
            entries: Mutex::new(entries),
            open,
        })
    }

    /// Whether anybody may do everything.
    pub fn is_open(&self) -> bool {
        self.open
    }

    /// What the token allows, if it is valid. Compares with every valid one,
    /// each in a time that says nothing of it.
    pub fn scope(&self, given: &[u8]) -> Option<Scope> {
        scope(&self.accepted.borrow(), given)
    }

    /// Reads the files again and takes over what changed, if it can be used.
    pub fn reread(&self) {
        let mut entries = self.entries.lock().unwrap_or_else(PoisonError::into_inner);
        let mut changed = false;
        for entry in entries
            .iter_mut()
            .filter(|entry| entry.token.file.is_some())
        {
            let name = &entry.token.name;
            match entry.token.read() {
                Ok(secrets) => {
                    if !same(&secrets, &entry.secrets) {
                        tracing::info!(
                            token = name,
                            valid = secrets.len(),
                            "the file of a token was read again"
                        );
                        entry.secrets = secrets;
                        changed = true;
                    } else if entry.fault.is_some() {
                        tracing::info!(token = name, "the file of a token can be read again");
                    }
                    entry.fault = None;
                }
                Err(reason) => {
                    if entry.fault.as_ref() != Some(&reason) {
                        tracing::error!(
                            token = name,
                            "the file of a token cannot be used, what it held before stays valid: {reason}"
                        );
                    }
                    entry.fault = Some(reason);
                }
            }
        }
        if changed {
            self.accepted.send_replace(Arc::new(accepted(&entries)));
        }
    }

    /// What the request may do as long as its token is valid.
    pub fn pass(&self, headers: &HeaderMap) -> Pass {
        Pass {
            given: bearer(headers).map(|token| Secret::new(String::from_utf8_lossy(token))),
            accepted: self.accepted.subscribe(),
            open: self.open,
        }
    }
}

/// A token that was valid when its request came.
pub struct Pass {
    given: Option<Secret>,
    accepted: watch::Receiver<Arc<Vec<Accepted>>>,
    open: bool,
}

impl Pass {
    /// Whether the token is no longer valid.
    pub fn has_ceased(&self) -> bool {
        let valid = self.given.as_ref().is_some_and(|given| {
            scope(&self.accepted.borrow(), given.expose().as_bytes()).is_some()
        });
        !self.open && !valid
    }

    /// Waits until the token is no longer valid.
    pub async fn ceased(&mut self) {
        while !self.has_ceased() {
            if self.accepted.changed().await.is_err() {
                return std::future::pending().await;
            }
        }
    }
}

/// The token of `Authorization: Bearer TOKEN`.
pub fn bearer(headers: &HeaderMap) -> Option<&[u8]> {
    let given = headers.get(header::AUTHORIZATION)?.as_bytes();
    let is_bearer = given.len() > 7 && given[..7].eq_ignore_ascii_case(b"bearer ");
    is_bearer.then(|| given[7..].trim_ascii())
}

fn accepted(entries: &[Entry]) -> Vec<Accepted> {
    let each = entries.iter().flat_map(|entry| {
        let scope = entry.token.scope;
        let secrets = entry.secrets.iter().cloned();
        secrets.map(move |secret| Accepted { secret, scope })
    });
    each.collect()
}

fn scope(accepted: &[Accepted], given: &[u8]) -> Option<Scope> {
    let (mut read, mut write) = (Choice::from(0), Choice::from(0));
    for Accepted { secret, scope } in accepted {
        let equal = secret.expose().as_bytes().ct_eq(given);
        match scope {
            Scope::Read => read |= equal,
            Scope::Write => write |= equal,
        }
    }
    match (bool::from(write), bool::from(read)) {
        (true, _) => Some(Scope::Write),
        (false, true) => Some(Scope::Read),
        (false, false) => None,
    }
}

fn same(one: &[Secret], other: &[Secret]) -> bool {
    one.len() == other.len()
        && one
            .iter()
            .zip(other)
            .all(|(one, other)| one.expose() == other.expose())
}
