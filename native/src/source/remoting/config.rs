//! What `[source.remoting]` may say.

use std::path::PathBuf;

use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Deserializer};

use super::trace::TOPIC as TRACE_TOPIC;

/// Settings of the `remoting` source and of [`Producer`](super::Producer).
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Addresses of the name servers, `host:port`: a list, or one text with
    /// `;` between them. An endpoint that begins with `http://MQ_INST_` names
    /// its instance, so `namespace` can be left out.
    #[serde(deserialize_with = "one_or_many")]
    pub namesrv: Vec<String>,
    /// The topic that the MQTT service exports its notices to.
    pub topic: String,
    /// The consumer group. Every instance of the service in one group must
    /// have the same `topic` and `tags`.
    pub group: String,
    /// Which message tags to receive. Default: `connect||disconnect||tcpclean`.
    #[serde(default = "all_tags")]
    pub tags: String,
    /// The instance id of a hosted 4.x instance, `MQ_INST_…`. Default: none.
    #[serde(default)]
    pub namespace: Option<String>,
    /// Access key. Default: none, for a server without access control.
    #[serde(default)]
    pub access_key: Option<String>,
    /// Secret key; meant for an environment variable rather than a file that
    /// is kept with others.
    #[serde(default)]
    pub secret_key: Option<SecretString>,
    /// A file that holds the secret key and nothing else.
    #[serde(default)]
    pub secret_key_file: Option<PathBuf>,
    /// Encrypts the connections to name servers and brokers. Default: off.
    #[serde(default)]
    pub tls: Option<Tls>,
    /// Where a consumer group that is new begins. Default: `first`.
    #[serde(default)]
    pub from: From,
    /// Whether the way of each message is remembered, for `GET /v1/trace`, and
    /// written to the broker's trace topic. Default: false.
    #[serde(default)]
    pub trace: bool,
}

/// TLS settings. Certificates are always verified.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// Certificate authorities to trust, as PEM. Default: those of the system.
    #[serde(default)]
    pub ca_file: Option<PathBuf>,
}

/// Where a new consumer group begins; one that exists goes on where it stood.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum From {
    /// At the oldest message the broker still has.
    #[default]
    First,
    /// After the newest: messages from before the start never arrive.
    Last,
}

fn all_tags() -> String {
    "connect||disconnect||tcpclean".to_owned()
}

fn one_or_many<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum OneOrMany {
        One(String),
        Many(Vec<String>),
    }
    let texts = match OneOrMany::deserialize(deserializer)? {
        OneOrMany::One(text) => vec![text],
        OneOrMany::Many(texts) => texts,
    };
    Ok(texts
        .iter()
        .flat_map(|text| text.split([';', ',']))
        .map(|address| address.trim().to_owned())
        .filter(|address| !address.is_empty())
        .collect())
}

impl Config {
    /// The settings that have no default; all others are at theirs.
    pub fn new(
        namesrv: impl Into<String>,
        topic: impl Into<String>,
        group: impl Into<String>,
    ) -> Self {
        Config {
            namesrv: vec![namesrv.into()],
            topic: topic.into(),
            group: group.into(),
            tags: all_tags(),
            namespace: None,
            access_key: None,
            secret_key: None,
            secret_key_file: None,
            tls: None,
            from: From::First,
            trace: false,
        }
    }

    /// The name servers as `host:port`, without a scheme.
    pub(super) fn addresses(&self) -> impl Iterator<Item = &str> {
        self.namesrv.iter().map(|address| {
            address
                .strip_prefix("http://")
                .unwrap_or(address)
                .trim_end_matches('/')
        })
    }

    /// The namespace given, or the one in the endpoint's host name.
    pub(super) fn instance(&self) -> Option<&str> {
        self.namespace.as_deref().or_else(|| {
            let host = self.addresses().next()?;
            host.starts_with("MQ_INST_")
                .then(|| host.split(['.', ':']).next().unwrap_or(host))
        })
    }

    /// The topic as the server knows it, with the namespace in front.
    pub(super) fn full_topic(&self) -> String {
        match self.instance() {
            Some(instance) if !self.topic.starts_with(&format!("{instance}%")) => {
                format!("{instance}%{}", self.topic)
            }
            _ => self.topic.clone(),
        }
    }

    /// Access key and secret key, if any; the error is a sentence.
    pub(super) fn keys(&self) -> Result<Option<(String, SecretString)>, String> {
        let secret = match (&self.secret_key, &self.secret_key_file) {
            (Some(_), Some(_)) => {
                return Err("`secret_key` and `secret_key_file` are both set: keep one".to_owned());
            }
            (Some(secret), None) => Some(secret.clone()),
            (None, Some(file)) => {
                let text = std::fs::read_to_string(file).map_err(|error| {
                    format!(
                        "`secret_key_file`: cannot read `{}`: {error}",
                        file.display()
                    )
                })?;
                Some(SecretString::from(text.trim().to_owned()))
            }
            (None, None) => None,
        };
        let secret = secret.filter(|secret| !secret.expose_secret().is_empty());
        match (
            self.access_key.as_deref().filter(|key| !key.is_empty()),
            secret,
        ) {
            (Some(access), Some(secret)) => Ok(Some((access.to_owned(), secret))),
            (None, None) => Ok(None),
            (Some(_), None) => Err(
                "`access_key` is set, but neither `secret_key` nor `secret_key_file` is".to_owned(),
            ),
            (None, Some(_)) => Err("a secret key is set, but `access_key` is not".to_owned()),
        }
    }

    /// Whether it can be used at all; the error is a sentence.
    pub fn check(&self) -> Result<(), String> {
        if self.namesrv.is_empty() {
            return Err(
                "`namesrv` is empty: give the address of a name server, such as `127.0.0.1:9876`"
                    .to_owned(),
            );
        }
        for address in self.addresses() {
            let port = address
                .rsplit_once(':')
                .filter(|(host, _)| !host.is_empty())
                .and_then(|(_, port)| port.parse::<u16>().ok());
            if port.is_none_or(|port| port == 0) {
                return Err(format!(
                    "`namesrv`: `{address}` is no address: write `host:port`"
                ));
            }
        }
        check_name("topic", &self.topic, 127)?;
        check_name("group", &self.group, 255)?;
        if self.tags.trim().is_empty() {
            return Err(
                "`tags` is empty: leave it out for all three, or write tags with `||` between them"
                    .to_owned(),
            );
        }
        if self.trace && self.topic == TRACE_TOPIC {
            return Err(format!(
                "`trace`: messages of `{TRACE_TOPIC}` cannot be traced, for their traces would be messages of it again; leave `trace` out"
            ));
        }
        self.keys()?;
        if let Some(file) = self.tls.as_ref().and_then(|tls| tls.ca_file.as_ref()) {
            let text = std::fs::read_to_string(file).map_err(|error| {
                format!("`tls.ca_file`: cannot read `{}`: {error}", file.display())
            })?;
            if !text.contains("-----BEGIN CERTIFICATE-----") {
                return Err(format!(
                    "`tls.ca_file`: `{}` holds no certificate in PEM form",
                    file.display()
                ));
            }
        }
        Ok(())
    }
}

fn check_name(field: &str, name: &str, longest: usize) -> Result<(), String> {
    if name.is_empty() {
        return Err(format!("`{field}` is empty"));
    }
    if name.len() > longest {
        return Err(format!(
            "`{field}`: `{name}` is longer than {longest} characters"
        ));
    }
    match name
        .chars()
        .find(|c| !(c.is_ascii_alphanumeric() || "%|-_".contains(*c)))
    {
        Some(c) => Err(format!(
            "`{field}`: `{name}` holds `{}`; letters, digits, `-`, `_`, `%` and `|` are allowed",
            c.escape_debug()
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Config {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn defaults_and_forms() {
        let config = parse(r#"{"namesrv":"a:1; b:2","topic":"t","group":"g"}"#);
        assert_eq!(config.namesrv, ["a:1", "b:2"]);
        assert_eq!(config.tags, "connect||disconnect||tcpclean");
        assert_eq!(config.from, From::First);
        assert!(config.check().is_ok());
        assert_eq!(config.full_topic(), "t");
    }

    #[test]
    fn the_endpoint_names_the_instance() {
        let config =
            parse(r#"{"namesrv":["http://MQ_INST_1_x.example.com:80"],"topic":"t","group":"g"}"#);
        assert_eq!(config.instance(), Some("MQ_INST_1_x"));
        assert_eq!(config.full_topic(), "MQ_INST_1_x%t");
        assert!(config.check().is_ok());
    }

    #[test]
    fn secrets_are_not_shown() {
        let config = parse(
            r#"{"namesrv":"a:1","topic":"t","group":"g","access_key":"me","secret_key":"hush"}"#,
        );
        assert!(!format!("{config:?}").contains("hush"));
        assert_eq!(config.keys().unwrap().unwrap().0, "me");
    }

    fn refused(change: impl Fn(&mut Config), sentence: &str) {
        let mut config = Config::new("a:1", "t", "g");
        change(&mut config);
        let error = config.check().unwrap_err();
        assert!(error.contains(sentence), "{error}");
    }

    #[test]
    fn what_cannot_work_is_refused_in_a_sentence() {
        refused(|c| c.namesrv.clear(), "`namesrv` is empty");
        refused(|c| c.namesrv[0] = "host".into(), "`host` is no address");
        refused(|c| c.topic = "a b".into(), "`a b` holds ` `");
        refused(|c| c.group = String::new(), "`group` is empty");
        refused(|c| c.group = "g".repeat(256), "longer than 255");
        refused(|c| c.tags = " ".into(), "`tags` is empty");
        refused(
            |c| (c.trace, c.topic) = (true, TRACE_TOPIC.into()),
            "leave `trace` out",
        );
        refused(|c| c.access_key = Some("me".into()), "neither `secret_key`");
        refused(
            |c| c.secret_key = Some("x".to_owned().into()),
            "`access_key` is not",
        );
        refused(
            |c| c.secret_key_file = Some("/nowhere".into()),
            "cannot read `/nowhere`",
        );
        refused(
            |c| {
                c.tls = Some(Tls {
                    ca_file: Some("/nowhere".into()),
                })
            },
            "`tls.ca_file`: cannot read",
        );
    }
}
