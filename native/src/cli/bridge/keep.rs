//! The state file: which channels are open.

use std::io::ErrorKind;
use std::path::PathBuf;

use mqtt_presence_core::lifecycle::Open;

use super::super::failure::Failure;

pub(super) struct Keep(Option<PathBuf>);

impl Keep {
    pub fn new(path: Option<PathBuf>) -> Keep {
        Keep(path)
    }

    pub fn load(&self) -> Result<Open, Failure> {
        let Some(path) = &self.0 else {
            return Ok(Open::default());
        };
        let said =
            |reason: String| Failure::Said(format!("`--state`: `{}` {reason}", path.display()));
        match std::fs::read(path) {
            Ok(bytes) => serde_json::from_slice(&bytes).map_err(|error| {
                said(format!(
                    "holds no state of a bridge: {error}; delete it to begin anew"
                ))
            }),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(Open::default()),
            Err(error) => Err(said(format!("cannot be read: {error}"))),
        }
    }

    /// Replaces the file as a whole, so that a crash leaves the old or the new.
    pub fn save(&self, open: &Open) -> Result<(), Failure> {
        let Some(path) = &self.0 else {
            return Ok(());
        };
        let said = |error: std::io::Error| {
            Failure::Said(format!(
                "`--state`: `{}` cannot be written: {error}",
                path.display()
            ))
        };
        let bytes = serde_json::to_vec(open).map_err(|error| said(error.into()))?;
        let mut new = path.clone().into_os_string();
        new.push(".new");
        std::fs::write(&new, bytes).map_err(said)?;
        std::fs::rename(&new, path).map_err(said)
    }
}
