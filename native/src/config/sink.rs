//! `[[sink]]`: where transitions are delivered.

use std::path::PathBuf;

use figment::Figment;
use figment::value::{Dict, Value};
use serde::Deserialize;

use super::load::part;
use super::{ConfigError, Secret, Span, check};
use crate::follow::LONGEST_SETTLE;
#[cfg(feature = "remoting")]
use crate::source::remoting;

/// The keys of every kind.
const COMMON: &[&str] = &[
    "name",
    "prefix",
    "settle",
    "batch",
    "timeout",
    "give_up_after",
    "from",
];

/// One `[[sink]]`.
#[derive(Clone, Debug)]
pub struct Sink {
    /// Its name: who renames it makes another.
    pub name: String,
    /// Only clients whose id begins with this.
    pub prefix: String,
    /// Only changes that lasted so long.
    pub settle: Option<Span>,
    /// Most transitions handed over at once.
    pub batch: usize,
    /// How long the other end may take.
    pub timeout: Span,
    /// How long a batch is tried before it goes to the dead letters.
    pub give_up_after: Span,
    /// Where a new sink begins.
    pub from: SinkFrom,
    /// What is at the other end.
    pub kind: SinkKind,
}

/// Where a sink begins that has no place yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SinkFrom {
    /// With the oldest transition that is kept.
    First,
    /// With what is committed after its first start.
    #[default]
    Last,
}

/// What is at the other end.
#[derive(Clone, Debug)]
pub enum SinkKind {
    /// `kind = "webhook"`
    Webhook(Webhook),
    /// `kind = "rocketmq"`
    #[cfg(feature = "remoting")]
    Rocketmq(Box<remoting::Config>),
}

impl SinkKind {
    /// As it is configured.
    pub fn name(&self) -> &'static str {
        match self {
            SinkKind::Webhook(_) => "webhook",
            #[cfg(feature = "remoting")]
            SinkKind::Rocketmq(_) => "rocketmq",
        }
    }
}

/// A receiver of HTTP requests.
#[derive(Clone, Debug)]
pub struct Webhook {
    /// `http://` or `https://`
    pub url: String,
    /// What requests are signed with.
    pub secret: Secret,
    /// Certificates (PEM) to trust instead of the system's.
    pub tls_ca: Option<PathBuf>,
}

#[derive(Deserialize)]
struct Common {
    name: String,
    #[serde(default)]
    prefix: String,
    settle: Option<Span>,
    #[serde(default = "batch")]
    batch: usize,
    #[serde(default = "timeout")]
    timeout: Span,
    #[serde(default = "give_up_after")]
    give_up_after: Span,
    #[serde(default)]
    from: SinkFrom,
}

fn batch() -> usize {
    100
}

fn timeout() -> Span {
    Span::seconds(10)
}

fn give_up_after() -> Span {
    Span::seconds(60 * 60)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WebhookKeys {
    url: String,
    secret: Option<Secret>,
    secret_file: Option<PathBuf>,
    tls_ca: Option<PathBuf>,
}

/// Reads and checks one table.
pub fn sink(layers: &Figment, key: &str, table: Value) -> Result<Sink, ConfigError> {
    let Some(mut table) = table.into_dict() else {
        return Err(ConfigError::value(layers, key, "no `[[sink]]` table"));
    };
    let at = |name: &str| format!("{key}.{name}");
    let Some(kind) = table.remove("kind") else {
        return Err(ConfigError::missing(layers, &at("kind")));
    };
    let mut common = Dict::new();
    for name in COMMON {
        common.extend(table.remove_entry(*name));
    }
    let common: Common = part(layers, key, common)?;
    let kind = match kind.as_str() {
        Some("webhook") => SinkKind::Webhook(webhook(layers, key, table)?),
        #[cfg(feature = "remoting")]
        Some("rocketmq") => SinkKind::Rocketmq(Box::new(rocketmq(layers, key, table)?)),
        #[cfg(not(feature = "remoting"))]
        Some("rocketmq") => {
            let reason = "not in this build, which lacks the cargo feature `remoting`";
            return Err(ConfigError::value(layers, &at("kind"), reason));
        }
        _ => return Err(ConfigError::value(layers, &at("kind"), "no kind of sink")),
    };
    let (least, most) = (Span::seconds(1), Span::seconds(300));
    let longest = common
        .settle
        .is_none_or(|settle| settle.duration() <= LONGEST_SETTLE);
    for (name, holds) in [
        ("name", is_name(&common.name)),
        ("batch", (1..=1_000).contains(&common.batch)),
        ("timeout", (least..=most).contains(&common.timeout)),
        ("give_up_after", common.give_up_after > Span::seconds(0)),
        ("settle", longest),
    ] {
        if !holds {
            return Err(ConfigError::value(layers, &at(name), "not allowed"));
        }
    }
    let Common {
        name,
        prefix,
        settle,
        batch,
        timeout,
        give_up_after,
        from,
    } = common;
    Ok(Sink {
        name,
        prefix,
        settle,
        batch,
        timeout,
        give_up_after,
        from,
        kind,
    })
}

fn webhook(layers: &Figment, key: &str, table: Dict) -> Result<Webhook, ConfigError> {
    let keys: WebhookKeys = part(layers, key, table)?;
    let secret = match (keys.secret, keys.secret_file) {
        (Some(_), Some(_)) => {
            return Err(ConfigError::new(format!(
                "`{key}.secret` and `{key}.secret_file` are both given; give one"
            )));
        }
        (Some(secret), None) if secret.expose().is_empty() => {
            return Err(ConfigError::value(
                layers,
                &format!("{key}.secret"),
                "empty",
            ));
        }
        (Some(secret), None) => secret,
        (None, Some(path)) => Secret::read(&path)
            .map_err(|reason| check::unreadable(&format!("{key}.secret_file"), &reason))?,
        (None, None) => {
            return Err(ConfigError::missing(layers, &format!("{key}.secret_file")));
        }
    };
    let uri: Option<ureq::http::Uri> = keys.url.parse().ok();
    let authority = uri
        .as_ref()
        .filter(|uri| matches!(uri.scheme_str(), Some("http" | "https")))
        .and_then(|uri| uri.authority());
    match authority {
        // Not quoted: it may hold a password.
        Some(authority) if authority.as_str().contains('@') => Err(ConfigError::new(format!(
            "`{key}.url` holds a user or password, which would be shown; a receiver checks the signature instead"
        ))),
        Some(_) => Ok(Webhook {
            url: keys.url,
            secret,
            tls_ca: keys.tls_ca,
        }),
        None => Err(ConfigError::value(
            layers,
            &format!("{key}.url"),
            "no address of a receiver",
        )),
    }
}

#[cfg(feature = "remoting")]
fn rocketmq(layers: &Figment, key: &str, mut table: Dict) -> Result<remoting::Config, ConfigError> {
    if let Some(other) = ["tags", "trace"]
        .into_iter()
        .find(|key| table.contains_key(*key))
    {
        let known = [
            "namesrv",
            "topic",
            "group",
            "namespace",
            "access_key",
            "tls",
        ];
        return Err(ConfigError::unknown(
            layers,
            &format!("{key}.{other}"),
            &known,
        ));
    }
    table
        .entry("group".into())
        .or_insert_with(|| "mqtt_presence_sink".into());
    let config: remoting::Config = part(layers, key, table)?;
    check::remoting(&config, key)?;
    Ok(config)
}

fn is_name(name: &str) -> bool {
    (1..=64).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte))
}
