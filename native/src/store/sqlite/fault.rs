//! What SQLite says, as a sentence for the person who runs the service.

use std::path::Path;

use rusqlite::ErrorCode;

use crate::store::StoreError;

pub(super) const NAME: &str = "sqlite";

/// Something did not work.
#[derive(Debug)]
pub(super) enum Fault {
    Sqlite(rusqlite::Error),
    /// A row that this program did not write.
    Row(String),
    /// Not to be mended by waiting.
    Sentence(String),
}

impl From<rusqlite::Error> for Fault {
    fn from(error: rusqlite::Error) -> Fault {
        Fault::Sqlite(error)
    }
}

impl Fault {
    /// While running: most things may pass.
    pub fn while_running(&self, path: &Path) -> StoreError {
        let (passes, reason) = self.sentence(path);
        match passes {
            true => StoreError::Unavailable {
                store: NAME,
                reason,
            },
            false => StoreError::Unusable {
                store: NAME,
                reason,
            },
        }
    }

    /// At start nothing is waiting yet, so whatever is wrong is said at once.
    pub fn at_start(&self, path: &Path) -> StoreError {
        StoreError::Unusable {
            store: NAME,
            reason: self.sentence(path).1,
        }
    }

    fn sentence(&self, path: &Path) -> (bool, String) {
        let file = path.display();
        let error = match self {
            Fault::Row(what) => {
                return (
                    false,
                    format!("`{file}` is damaged: {what}; restore it from a backup"),
                );
            }
            Fault::Sentence(sentence) => return (false, sentence.clone()),
            Fault::Sqlite(error) => error,
        };
        match error.sqlite_error_code() {
            Some(ErrorCode::DiskFull) => (
                true,
                format!("the disk of `{file}` is full; free some space there"),
            ),
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => (
                true,
                format!("`{file}` is locked by another program; end that program or wait for it"),
            ),
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => (
                true,
                format!("`{file}` cannot be written; give this user the right to write it"),
            ),
            Some(ErrorCode::CannotOpen) => (
                true,
                format!("`{file}` cannot be opened; see that its folder exists and can be written"),
            ),
            Some(ErrorCode::SystemIoFailure) => (
                true,
                format!("reading or writing `{file}` failed ({error}); look at its disk and quota"),
            ),
            Some(ErrorCode::OutOfMemory) => (true, "memory has run out".to_owned()),
            Some(ErrorCode::NotADatabase) => (
                false,
                format!("`{file}` is not a SQLite database; move it away or name another file"),
            ),
            Some(ErrorCode::DatabaseCorrupt) => (
                false,
                format!("`{file}` is damaged ({error}); restore it from a backup"),
            ),
            _ => (false, format!("`{file}`: {error}")),
        }
    }
}
