//! Transitions as HTTP requests.

use std::path::Path;
use std::time::Duration;

use async_trait::async_trait;
use rustls::pki_types::CertificateDer;
use serde::Serialize;
use ureq::Agent;
use ureq::http::{HeaderMap, StatusCode, Uri};
use ureq::tls::{Certificate, RootCerts, TlsConfig};

use super::{Outlet, Refusal, sign};
use crate::api::TransitionAnswer;
use crate::authorities;
use crate::clock;
use crate::config::{self, Secret};
use crate::loopback::is_loopback;
use crate::store::Numbered;

/// Which holds the time and the signature.
const SIGNATURE: &str = "mqtt-presence-signature";
/// How much of a refusal's text is read and kept.
const EXCERPT: u64 = 4096;
const SHOWN: usize = 200;

/// A receiver at a URL.
#[derive(Clone)]
pub(super) struct Webhook {
    name: String,
    url: String,
    secret: Secret,
    agent: Agent,
}

/// The body of a request.
#[derive(Serialize)]
struct Body<'a> {
    sink: &'a str,
    transitions: Vec<TransitionAnswer>,
}

impl Webhook {
    /// # Errors
    /// A sentence: the certificates cannot be read.
    pub fn new(name: &str, config: &config::Webhook, timeout: Duration) -> Result<Webhook, String> {
        let mut settings = Agent::config_builder()
            .http_status_as_error(false)
            // The signature is for this address.
            .max_redirects(0)
            .timeout_global(Some(timeout))
            .user_agent(concat!("mqtt-presence/", env!("CARGO_PKG_VERSION")));
        if config.url.starts_with("https://") {
            let roots = RootCerts::from(trusted(config.tls_ca.as_deref())?);
            settings = settings.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        let uri: Option<Uri> = config.url.parse().ok();
        if uri.as_ref().is_some_and(is_loopback) {
            settings = settings.proxy(None);
        }
        Ok(Webhook {
            name: name.to_owned(),
            url: config.url.clone(),
            secret: config.secret.clone(),
            agent: settings.build().into(),
        })
    }

    fn post(&self, body: &[u8]) -> Result<(), Refusal> {
        let signature = sign::header(&self.secret, clock::now() / 1000, body);
        let sent = self
            .agent
            .post(&self.url)
            .content_type("application/json")
            .header(SIGNATURE, signature)
            .send(body);
        let mut answer = match sent {
            Ok(answer) => answer,
            Err(error) => {
                return Err(Refusal::later(unanswered(&self.url, &error)));
            }
        };
        let status = answer.status();
        if status.is_success() {
            return Ok(());
        }
        let after = after(answer.headers());
        let said = answer
            .body_mut()
            .with_config()
            .limit(EXCERPT)
            .lossy_utf8(true);
        let said = excerpt(&said.read_to_string().unwrap_or_default());
        let reason = format!("`{}` answers {status}{said}", self.url);
        let passes = status.is_server_error()
            || status == StatusCode::TOO_MANY_REQUESTS
            || status == StatusCode::REQUEST_TIMEOUT;
        Err(match passes {
            true => Refusal::Later { reason, after },
            false => Refusal::Never(reason),
        })
    }
}

#[async_trait]
impl Outlet for Webhook {
    async fn deliver(&self, batch: &[Numbered]) -> Result<(), Refusal> {
        let body = Body {
            sink: &self.name,
            transitions: batch.iter().cloned().map(TransitionAnswer::from).collect(),
        };
        let body = serde_json::to_vec(&body)
            .map_err(|error| Refusal::Never(format!("cannot be written as JSON: {error}")))?;
        let webhook = self.clone();
        let posting = tokio::task::spawn_blocking(move || webhook.post(&body));
        posting
            .await
            .unwrap_or_else(|error| Err(Refusal::later(format!("the request broke off: {error}"))))
    }
}

/// Why there is no answer.
fn unanswered(url: &str, error: &ureq::Error) -> String {
    let within = match error {
        ureq::Error::Rustls(error) => Some(error),
        ureq::Error::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref()),
        _ => None,
    };
    match within {
        Some(rustls::Error::InvalidCertificate(reason)) => format!(
            "the certificate of `{url}` is not accepted ({reason}); name the authority of an own one in `tls_ca`"
        ),
        _ => format!("`{url}` does not answer: {error}"),
    }
}

/// `Retry-After`: seconds, or a date.
fn after(headers: &HeaderMap) -> Option<Duration> {
    let text = headers.get("retry-after")?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = jiff::fmt::rfc2822::DateTimeParser::new()
        .parse_timestamp(text)
        .ok()?;
    let then = u64::try_from(date.as_millisecond()).ok()?;
    Some(Duration::from_millis(then.saturating_sub(clock::now())))
}

/// What the receiver said, on one line.
fn excerpt(text: &str) -> String {
    let text = text.trim();
    if text.is_empty() {
        return String::new();
    }
    let plain = |c: char| if c.is_control() || c == '`' { ' ' } else { c };
    let mut said: String = text.chars().take(SHOWN).map(plain).collect();
    if text.chars().count() > SHOWN {
        said.push('…');
    }
    format!(": `{said}`")
}

/// The certificates to trust: of this file, or the system's.
fn trusted(path: Option<&Path>) -> Result<Vec<Certificate<'static>>, String> {
    let found = match path {
        Some(path) => authorities::of_file("tls_ca", path)?,
        None => authorities::system(),
    };
    let owned = |der: &CertificateDer<'_>| Certificate::from_der(der).to_owned();
    Ok(found.iter().map(owned).collect())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn header(value: &str) -> HeaderMap {
        HeaderMap::from_iter([("retry-after".parse().unwrap(), value.parse().unwrap())])
    }

    #[test]
    fn a_receiver_says_when_to_come_again() {
        assert_eq!(after(&header("7")), Some(Duration::from_secs(7)));
        let past = header("Sun, 06 Nov 1994 08:49:37 GMT");
        assert_eq!(after(&past), Some(Duration::ZERO));
        assert!(after(&header("Thu, 06 Nov 2200 08:49:37 GMT")).unwrap() > Duration::from_secs(1));
        assert_eq!(after(&header("soon")), None);
        assert_eq!(after(&HeaderMap::new()), None);
    }

    #[test]
    fn what_it_says_is_one_short_line() {
        assert_eq!(excerpt(" \n"), "");
        assert_eq!(excerpt("no\n`this`\u{0}"), ": `no  this  `");
        assert_eq!(excerpt(&"ü".repeat(300)).chars().count(), SHOWN + 5);
    }
}
