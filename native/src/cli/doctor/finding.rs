//! What the doctor found.

use serde::Serialize;

/// One thing that was tried.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(in crate::cli) struct Finding {
    /// What was found; stable, for programs.
    pub name: Name,
    /// How it is.
    pub severity: Severity,
    /// Which part: `store`, `source 0 (remoting)`.
    pub part: String,
    /// What was tried and how it went.
    pub message: String,
    /// What to do; `null` where nothing is wrong.
    #[serde(rename = "do")]
    pub advice: Option<String>,
}

/// How a part is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub(in crate::cli) enum Severity {
    /// It works.
    Ok,
    /// It works, but look at it.
    Warning,
    /// It does not work.
    Error,
}

macro_rules! names {
    ($($variant:ident)*) => {
        /// What can be found. docs/doctor.md has them all, whatever this build can look for.
        #[cfg_attr(not(all(feature = "remoting", feature = "grpc")), allow(dead_code))]
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
        #[serde(rename_all = "snake_case")]
        pub(in crate::cli) enum Name {
            /// All is well with this part.
            Fine,
            $(#[allow(missing_docs)] $variant,)*
        }
        #[cfg(test)]
        const ALL: &[Name] = &[$(Name::$variant,)*];
    };
}

names! {
    ConfigUnknownKey ConfigSecretUnreadable ConfigOpenWithoutToken ConfigInvalid
    ClockOff
    PortTaken PortNotAllowed AddressNotHere ServiceRunning ApiOpenToAll TokensUnencrypted TlsUnusable SecretOpenToOthers
    FolderMissing FolderNotWritable DiskFull DiskReadOnly
    StoreInUse StoreNewer StoreForgets StoreUnreachable StoreRefused StoreCertificate
    StoreNotPermitted StoreTooOld StoreReadOnly StoreUnusable
    SqliteNotADatabase RedisEvicts RedisNotDurable RedisClusterMismatch PostgresDatabaseMissing
    NamesrvUnreachable NotANamesrv TopicMissing NamespaceWrong TopicNotReadable TopicWithoutQueues
    BrokerUnreachable BrokerRefuses GroupUnknown GroupDisabled GroupOfAnotherTopic TagsDiffer
    ProxyUnreachable NotAProxy SourceUnusable FileUnreadable Simulated
    ReceiverUnreachable
}

impl Finding {
    /// It works.
    pub fn good(part: impl Into<String>, message: impl Into<String>) -> Finding {
        Finding {
            name: Name::Fine,
            severity: Severity::Ok,
            part: part.into(),
            message: message.into(),
            advice: None,
        }
    }

    /// It works, but look at it.
    pub fn note(name: Name, part: &str, message: impl Into<String>, advice: &str) -> Finding {
        Finding {
            name,
            severity: Severity::Warning,
            part: part.to_owned(),
            message: message.into(),
            advice: Some(advice.to_owned()),
        }
    }

    /// It does not work.
    pub fn wrong(name: Name, part: &str, message: impl Into<String>, advice: &str) -> Finding {
        Finding {
            severity: Severity::Error,
            ..Finding::note(name, part, message, advice)
        }
    }

    /// From a sentence of the form `what is wrong; what to do`.
    pub fn said(name: Name, severity: Severity, part: &str, sentence: &str) -> Finding {
        let (message, advice) = sentence
            .split_once("; ")
            .unwrap_or((sentence, "look at what it says"));
        Finding {
            severity,
            ..Finding::note(name, part, message, advice)
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_has_each_name_and_no_other() {
        let manual = include_str!("../../../../docs/doctor.md");
        let mut told: Vec<&str> = manual
            .lines()
            .filter_map(|line| line.strip_prefix("| `")?.split('`').next())
            .collect();
        let names: Vec<String> = ALL
            .iter()
            .map(|name| {
                serde_json::to_value(name)
                    .unwrap()
                    .as_str()
                    .unwrap()
                    .to_owned()
            })
            .collect();
        told.sort_unstable();
        let mut names: Vec<&str> = names.iter().map(String::as_str).collect();
        names.sort_unstable();
        assert_eq!(told, names);
    }
}
