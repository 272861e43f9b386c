//! What PostgreSQL says, as a sentence for the person who runs the service.

use std::error::Error;
use std::time::Duration;

use tokio_postgres::error::SqlState;

use crate::store::{StoreError, StoreTrouble};

pub(super) const NAME: &str = "postgres";

/// Something did not work.
#[derive(Debug)]
pub(super) enum Fault {
    Postgres(tokio_postgres::Error),
    /// No answer within this time.
    Silent(Duration),
    /// A row that this program did not write.
    Row(String),
    /// Passes by itself.
    Passing(String),
    /// Not to be mended by waiting.
    Sentence(StoreTrouble, String),
}

impl From<tokio_postgres::Error> for Fault {
    fn from(error: tokio_postgres::Error) -> Fault {
        Fault::Postgres(error)
    }
}

impl From<tokio::time::error::Elapsed> for Fault {
    fn from(_: tokio::time::error::Elapsed) -> Fault {
        Fault::Silent(super::PATIENCE)
    }
}

/// What to make of a fault.
enum Kind {
    /// It passes: the network, a restart, a full disk.
    Passes,
    /// Somebody has to change a setting; while running that may happen
    /// without us.
    Setting,
    /// It does not mend.
    Lasts,
}

impl Fault {
    /// While running: most things may pass.
    pub fn while_running(&self, place: &str) -> StoreError {
        let (kind, trouble, reason) = self.sentence(place);
        said(
            matches!(kind, Kind::Passes | Kind::Setting),
            trouble,
            reason,
        )
    }

    /// At start nothing is waiting yet, so a wrong setting is said at once.
    pub fn at_start(&self, place: &str) -> StoreError {
        let (kind, trouble, reason) = self.sentence(place);
        said(matches!(kind, Kind::Passes), trouble, reason)
    }

    /// Whether the connection is of no further use to a query.
    pub fn is_lost(&self) -> bool {
        match self {
            Fault::Postgres(error) => match error.as_db_error() {
                None => true,
                // Class 57P: the server ends the session.
                Some(said) => said.code().code().starts_with("57P"),
            },
            Fault::Silent(_) => true,
            _ => false,
        }
    }

    fn sentence(&self, place: &str) -> (Kind, StoreTrouble, String) {
        let error = match self {
            Fault::Row(what) => {
                let sentence = format!("{place} is damaged: {what}; restore it from a backup");
                return (Kind::Lasts, StoreTrouble::Other, sentence);
            }
            Fault::Sentence(trouble, sentence) => {
                return (Kind::Lasts, *trouble, sentence.clone());
            }
            Fault::Passing(sentence) => {
                return (Kind::Passes, StoreTrouble::Other, sentence.clone());
            }
            Fault::Silent(time) => {
                let sentence = format!(
                    "{place} did not answer within {} s; see that the server runs and can be reached",
                    time.as_secs()
                );
                return (Kind::Passes, StoreTrouble::Unreachable, sentence);
            }
            Fault::Postgres(error) => error,
        };
        let Some(said) = error.as_db_error() else {
            return unsaid(error, place);
        };
        let words = said.message();
        let code = said.code();
        if *code == SqlState::INVALID_PASSWORD
            || *code == SqlState::INVALID_AUTHORIZATION_SPECIFICATION
        {
            let sentence = format!(
                "{place} refuses the user ({words}); see the user in `store.url`, the password in \
                 `store.password_file`, and the server's pg_hba.conf"
            );
            (Kind::Setting, StoreTrouble::Refused, sentence)
        } else if *code == SqlState::INVALID_CATALOG_NAME {
            let sentence = format!(
                "{place}: {words}; make it with `createdb`, or name another in `store.url`"
            );
            (Kind::Setting, StoreTrouble::DatabaseMissing, sentence)
        } else if *code == SqlState::INSUFFICIENT_PRIVILEGE {
            let sentence = format!(
                "{place}: {words}; grant the user the right to create in the database, or make the schema of \
                 `store.schema` for it: CREATE SCHEMA … AUTHORIZATION …"
            );
            (Kind::Setting, StoreTrouble::NotPermitted, sentence)
        } else if *code == SqlState::READ_ONLY_SQL_TRANSACTION {
            (Kind::Setting, StoreTrouble::ReadOnly, read_only(place))
        } else if *code == SqlState::DISK_FULL {
            let sentence = format!("the disk of {place} is full ({words}); free some space there");
            (Kind::Passes, StoreTrouble::Full, sentence)
        } else if *code == SqlState::TOO_MANY_CONNECTIONS {
            let sentence = format!(
                "{place} has no connection to spare ({words}); raise its `max_connections`"
            );
            (Kind::Passes, StoreTrouble::Other, sentence)
        } else if *code == SqlState::DATA_CORRUPTED || *code == SqlState::INDEX_CORRUPTED {
            let sentence = format!("{place} is damaged ({words}); restore it from a backup");
            (Kind::Lasts, StoreTrouble::Other, sentence)
        } else if *code == SqlState::QUERY_CANCELED || *code == SqlState::LOCK_NOT_AVAILABLE {
            let sentence = format!(
                "{place} took too long ({words}); see what holds its locks in pg_stat_activity"
            );
            (Kind::Passes, StoreTrouble::Other, sentence)
        } else if matches!(&code.code()[..2], "08" | "40" | "53" | "57" | "58") {
            (
                Kind::Passes,
                StoreTrouble::Other,
                format!("{place}: {words}"),
            )
        } else {
            // Such as a table that somebody dropped or changed.
            let sentence = format!(
                "{place}: {words} (SQLSTATE {}); see that nobody changed the tables of `store.schema`",
                code.code()
            );
            (Kind::Lasts, StoreTrouble::Other, sentence)
        }
    }
}

pub(super) fn standby(place: &str) -> Fault {
    Fault::Sentence(StoreTrouble::ReadOnly, read_only(place))
}

fn read_only(place: &str) -> String {
    format!(
        "{place} is a read-only standby; name the primary in `store.url`, or several hosts with \
         `target_session_attrs=read-write`"
    )
}

/// Not an answer of the server: the way to it.
fn unsaid(error: &tokio_postgres::Error, place: &str) -> (Kind, StoreTrouble, String) {
    let mut causes = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !causes.contains(&text) {
            causes = format!("{causes}: {text}");
        }
        cause = error.source();
    }
    if causes.contains("certificate") {
        let sentence = format!(
            "{place} has a certificate that is not trusted ({causes}); name its authority in `store.tls_ca`, or \
             write `?sslmode=disable` at the end of `store.url` where the way there is safe"
        );
        return (Kind::Setting, StoreTrouble::Certificate, sentence);
    }
    if causes.contains("password missing") {
        let sentence = format!(
            "{place} wants a password; give `store.password_file` or MQTT_PRESENCE_STORE__PASSWORD"
        );
        return (Kind::Setting, StoreTrouble::Refused, sentence);
    }
    if causes.contains("does not support TLS") {
        let sentence = format!(
            "{place} does not offer TLS; turn `ssl` on there, or take `store.tls_ca` and `sslmode` away"
        );
        return (Kind::Setting, StoreTrouble::Certificate, sentence);
    }
    let sentence = format!(
        "{place} cannot be reached ({causes}); see that the server runs and can be reached"
    );
    (Kind::Passes, StoreTrouble::Unreachable, sentence)
}

fn said(passes: bool, trouble: StoreTrouble, reason: String) -> StoreError {
    let store = NAME;
    match passes {
        true => StoreError::Unavailable {
            store,
            trouble,
            reason,
        },
        false => StoreError::Unusable {
            store,
            trouble,
            reason,
        },
    }
}
