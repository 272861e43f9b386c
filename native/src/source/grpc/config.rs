//! What the source is told, and what of it cannot work.

use std::time::Duration;

use rocketmq::conf::{ClientOption, SimpleConsumerOption};
use rocketmq::model::common::{FilterExpression, FilterType};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;

/// How long a poll waits. The proxy ends an idle poll after 20 s and refuses
/// one shorter than 5 s; the same value is the call's deadline, so it must be
/// longer than the proxy's 20 s.
pub(super) const POLL: Duration = Duration::from_secs(30);
/// How long the proxy may take to accept a connection, and to answer any call but a poll.
pub(super) const CALL: Duration = Duration::from_secs(3);

/// A topic behind a RocketMQ 5.x proxy.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The proxy's gRPC port, `host:port`.
    pub endpoint: String,
    /// The topic that the notices are written to.
    pub topic: String,
    /// The consumer group. Instances of one group share the messages; a group
    /// that is new starts at the end of the topic.
    pub group: String,
    /// Which message tags to receive, joined with `||`. Every instance of a
    /// group must give the same. Default: all three kinds of notice.
    #[serde(default = "default_tags")]
    pub tags: String,
    /// Access key, together with `secret_key`. Default: none.
    #[serde(default)]
    pub access_key: Option<String>,
    /// Secret key; never printed or logged.
    #[serde(default)]
    pub secret_key: Option<SecretString>,
    /// Must stay false: the client library cannot connect with TLS.
    #[serde(default)]
    pub tls: bool,
    /// Seconds that a message stays hidden from the other consumers of the
    /// group after it was received, 10 to 43,200. One that was not committed
    /// and acknowledged by then comes again. Default: 30.
    #[serde(default = "default_invisible_seconds")]
    pub invisible_seconds: u64,
}

fn default_tags() -> String {
    "connect||disconnect||tcpclean".to_owned()
}

fn default_invisible_seconds() -> u64 {
    30
}

impl Config {
    /// A source of this topic with everything else at its default.
    pub fn new(
        endpoint: impl Into<String>,
        topic: impl Into<String>,
        group: impl Into<String>,
    ) -> Self {
        Config {
            endpoint: endpoint.into(),
            topic: topic.into(),
            group: group.into(),
            tags: default_tags(),
            access_key: None,
            secret_key: None,
            tls: false,
            invisible_seconds: default_invisible_seconds(),
        }
    }

    /// What cannot work, in one sentence.
    pub(crate) fn check(&self) -> Result<(), String> {
        if self.tls {
            return Err(format!(
                "`tls = true` is not possible: the gRPC client library cannot connect with TLS; \
                 set `tls = false` and reach `{}` over a private network or a tunnel, or use the \
                 `remoting` source, which can",
                self.endpoint
            ));
        }
        check_endpoint(&self.endpoint)?;
        check_name("topic", &self.topic)?;
        check_name("group", &self.group)?;
        if self.tags.trim().is_empty() {
            return Err(
                "`tags` is empty: give tags such as `connect||tcpclean`, or `*` for all".to_owned(),
            );
        }
        if !(10..=43_200).contains(&self.invisible_seconds) {
            return Err(format!(
                "`invisible_seconds` is `{}`: the proxy takes 10 to 43200",
                self.invisible_seconds
            ));
        }
        match (&self.access_key, &self.secret_key) {
            (Some(_), None) => {
                Err("`access_key` is set without `secret_key`: give both".to_owned())
            }
            (None, Some(_)) => {
                Err("`secret_key` is set without `access_key`: give both".to_owned())
            }
            // It goes into a header, and the library panics on anything else.
            (Some(key), _)
                if key.is_empty() || !key.bytes().all(|byte| byte.is_ascii_graphic()) =>
            {
                Err("`access_key` must be printable ASCII without spaces".to_owned())
            }
            _ => Ok(()),
        }
    }

    /// How long a received message stays hidden.
    pub(super) fn invisible(&self) -> Duration {
        Duration::from_secs(self.invisible_seconds)
    }

    pub(super) fn filter(&self) -> FilterExpression {
        FilterExpression::new(FilterType::Tag, self.tags.as_str())
    }

    pub(super) fn client(&self) -> ClientOption {
        let mut option = ClientOption::default();
        option.set_access_url(self.endpoint.as_str());
        option.set_enable_tls(false);
        option.set_timeout(CALL);
        option.set_long_polling_timeout(POLL);
        if let (Some(access), Some(secret)) = (&self.access_key, &self.secret_key) {
            option.set_access_key(access.as_str());
            option.set_secret_key(secret.expose_secret());
        }
        option
    }

    pub(super) fn consumer(&self) -> SimpleConsumerOption {
        let mut option = SimpleConsumerOption::default();
        option.set_consumer_group(self.group.as_str());
        // So that the route is known before the first receive: a first
        // receive that were cancelled would leave the topic hanging.
        option.set_topics(vec![self.topic.as_str()]);
        option
    }
}

fn check_endpoint(endpoint: &str) -> Result<(), String> {
    let valid = endpoint.rsplit_once(':').is_some_and(|(host, port)| {
        let host_is_plain = !host.is_empty()
            && !host.contains(['/', ',', ';', '@'])
            && !host.contains(char::is_whitespace)
            && (!host.contains(':') || (host.starts_with('[') && host.ends_with(']')));
        host_is_plain && port.parse::<u16>().is_ok_and(|port| port != 0)
    });
    if valid {
        Ok(())
    } else {
        Err(format!(
            "`endpoint` is `{endpoint}`: give the proxy's gRPC port as `host:port`, such as \
             `127.0.0.1:8081`"
        ))
    }
}

fn check_name(field: &str, name: &str) -> Result<(), String> {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"%|-_".contains(&byte);
    if !name.is_empty() && name.len() <= 255 && name.bytes().all(legal) {
        Ok(())
    } else {
        Err(format!(
            "`{field}` is `{name}`: RocketMQ takes 1 to 255 letters, digits, `-`, `_`, `%` and `|`"
        ))
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn refused(change: impl FnOnce(&mut Config)) -> String {
        let mut config = Config::new("127.0.0.1:8081", "events", "GID_presence");
        config.check().unwrap();
        change(&mut config);
        config.check().unwrap_err()
    }

    #[test]
    fn names_the_field_at_fault() {
        assert!(refused(|c| c.tls = true).contains("`tls = true`"));
        for endpoint in [
            "",
            "proxy",
            "http://proxy:8081",
            "proxy:0",
            "a:1,b:2",
            "::1:8081",
        ] {
            let reason = refused(|c| c.endpoint = endpoint.to_owned());
            assert!(
                reason.contains(&format!("`endpoint` is `{endpoint}`")),
                "{reason}"
            );
        }
        assert!(refused(|c| c.topic = "a topic".to_owned()).contains("`topic` is `a topic`"));
        assert!(refused(|c| c.group.clear()).contains("`group`"));
        assert!(refused(|c| c.tags = " ".to_owned()).contains("`tags`"));
        assert!(refused(|c| c.invisible_seconds = 9).contains("`9`"));
        assert!(refused(|c| c.access_key = Some("ak".to_owned())).contains("without `secret_key`"));
        assert!(refused(|c| c.secret_key = Some("sk".into())).contains("without `access_key`"));
    }

    #[test]
    fn never_shows_the_secret() {
        let config: Config = serde_json::from_str(
            r#"{"endpoint":"[::1]:8081","topic":"t","group":"g","access_key":"a b","secret_key":"hush"}"#,
        )
        .unwrap();
        let reason = config.check().unwrap_err();
        assert!(reason.contains("`access_key`"), "{reason}");
        assert!(!format!("{config:?}{reason}").contains("hush"));
    }
}
