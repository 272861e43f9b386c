//! A running service as `get`, `watch` and `doctor` ask it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use serde_json::Value;
use ureq::http::{Response, Uri};
use ureq::{Agent, Body, RequestBuilder};

use super::failure::Failure;
use super::trust;
use crate::config::Secret;
use crate::loopback::is_loopback;

/// Where `serve` listens unless told otherwise.
pub(super) const DEFAULT_URL: &str = "http://127.0.0.1:8787";
/// Largest answer that is read.
const ANSWER: u64 = 64 * 1024 * 1024;

/// Which service to ask.
#[derive(Clone, Debug, Args)]
pub(super) struct ServiceArgs {
    /// Address of the service
    #[arg(long, value_name = "URL", default_value = DEFAULT_URL, env = "MQTT_PRESENCE_URL")]
    pub url: String,
    /// File that holds the service's token; or set MQTT_PRESENCE_TOKEN
    #[arg(long, value_name = "FILE", env = "MQTT_PRESENCE_TOKEN_FILE")]
    pub token_file: Option<PathBuf>,
    /// PEM file with the authorities whose certificates are accepted, in place
    /// of the system's
    #[arg(long, value_name = "FILE", env = "MQTT_PRESENCE_CA")]
    pub ca: Option<PathBuf>,
    #[command(flatten)]
    pub identity: IdentityArgs,
}

#[cfg(feature = "bridge")]
impl ServiceArgs {
    /// The service at this address, and nothing more.
    pub fn at(url: impl Into<String>) -> ServiceArgs {
        ServiceArgs {
            url: url.into(),
            token_file: None,
            ca: None,
            identity: IdentityArgs::default(),
        }
    }
}

/// What a service with `api.tls.client_ca` wants to see.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct IdentityArgs {
    /// PEM file with a certificate to show, where the service wants one
    #[arg(
        long,
        value_name = "FILE",
        requires = "key",
        env = "MQTT_PRESENCE_CERT"
    )]
    pub cert: Option<PathBuf>,
    /// PEM file with the key of that certificate
    #[arg(
        long,
        value_name = "FILE",
        requires = "cert",
        env = "MQTT_PRESENCE_KEY"
    )]
    pub key: Option<PathBuf>,
}

/// A service at an address, with the token it wants.
pub(super) struct Service {
    agent: Agent,
    base: String,
    token: Option<Secret>,
}

/// What a call came to when there is no answer to work with.
#[derive(Debug)]
pub(super) enum Unanswered {
    /// The service was not reached, or the connection broke: may pass.
    Unreached(String),
    /// The service refused: will not pass by itself.
    Refused { status: u16, sentence: String },
}

impl From<Unanswered> for Failure {
    fn from(unanswered: Unanswered) -> Failure {
        match unanswered {
            Unanswered::Unreached(sentence) | Unanswered::Refused { sentence, .. } => {
                Failure::Said(sentence)
            }
        }
    }
}

impl Service {
    /// The service that the arguments name.
    ///
    /// # Errors
    /// The URL is none, or the token cannot be read.
    pub fn new(args: &ServiceArgs) -> Result<Service, Failure> {
        let uri: Option<Uri> = args.url.parse().ok();
        let uri = uri.filter(|uri| {
            matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none()
        });
        let Some(uri) = uri else {
            return Err(Failure::Said(format!(
                "`{}` is no address of a service: give `--url {DEFAULT_URL}`",
                args.url
            )));
        };
        let token = match &args.token_file {
            Some(path) => Some(
                Secret::read(path)
                    .map_err(|reason| Failure::Said(format!("`--token-file`: {reason}")))?,
            ),
            None => std::env::var("MQTT_PRESENCE_TOKEN")
                .ok()
                .filter(|token| !token.is_empty())
                .map(Secret::new),
        };
        if token
            .as_ref()
            .is_some_and(|token| !token.expose().bytes().all(|byte| byte.is_ascii_graphic()))
        {
            return Err(Failure::Said(
                "the token has characters that no header can carry".into(),
            ));
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(5)))
            .user_agent(concat!("mqtt-presence/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&uri) {
            config = config.proxy(None);
        }
        if uri.scheme_str() == Some("https") {
            config = config.tls_config(trust::tls(args).map_err(Failure::Said)?);
        }
        Ok(Service {
            agent: config.build().into(),
            base: args.url.trim_end_matches('/').to_owned(),
            token,
        })
    }

    /// One on this machine that is only asked whether it runs: without token,
    /// whatever its certificate.
    pub fn stranger(url: &str) -> Service {
        let config = Agent::config_builder()
            .http_status_as_error(false)
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(5)))
            .proxy(None)
            .tls_config(trust::nobody());
        Service {
            agent: config.build().into(),
            base: url.to_owned(),
            token: None,
        }
    }

    /// Its address, without a slash at the end.
    pub fn base(&self) -> &str {
        &self.base
    }

    /// `GET`, answered as JSON.
    pub fn get(&self, path: &str) -> Result<Value, Unanswered> {
        let request = self.agent.get(format!("{}{path}", self.base));
        self.json(self.limited(request).call())
    }

    /// `POST` of JSON, answered as JSON.
    pub fn post(&self, path: &str, body: &Value) -> Result<Value, Unanswered> {
        let request = self.agent.post(format!("{}{path}", self.base));
        self.json(self.limited(request).send_json(body))
    }

    /// Sends events, as NDJSON. Records that are none are in the quarantine
    /// then, so they count as taken.
    #[cfg(feature = "bridge")]
    pub fn post_events(&self, lines: &str) -> Result<(), Unanswered> {
        let request = self
            .agent
            .post(format!("{}/v1/events", self.base))
            .header("content-type", "application/x-ndjson");
        let mut answer = self
            .limited(request)
            .send(lines)
            .map_err(|error| self.unreached(&error))?;
        match answer.status().as_u16() {
            207 => Ok(()),
            400 => {
                let problem: Value = answer.body_mut().read_json().unwrap_or_default();
                // All of them were no events, and all are kept.
                if problem["records"].is_u64() && problem["records"] == problem["rejected"] {
                    return Ok(());
                }
                Err(Unanswered::Refused {
                    status: 400,
                    sentence: format!("`{}` answers 400: {}", self.base, problem["detail"]),
                })
            }
            _ => self.accepted(Ok(answer)).map(drop),
        }
    }

    /// Opens the stream of transitions; a connection that says nothing for
    /// `silence` has broken.
    pub fn follow(
        &self,
        path: &str,
        last: Option<&str>,
        silence: Duration,
    ) -> Result<Response<Body>, Unanswered> {
        let request = self
            .agent
            .get(format!("{}{path}", self.base))
            .header("accept", "text/event-stream");
        let mut request = self.signed(request);
        if let Some(last) = last {
            request = request.header("last-event-id", last);
        }
        let request = request
            .config()
            .timeout_recv_response(Some(Duration::from_secs(30)))
            .timeout_per_read(Some(silence))
            .build();
        self.accepted(request.call())
    }

    /// A request that shows the token, if there is one.
    fn signed<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        match &self.token {
            Some(token) => request.header("authorization", format!("Bearer {}", token.expose())),
            None => request,
        }
    }

    /// The same, which is answered within a minute.
    fn limited<B>(&self, request: RequestBuilder<B>) -> RequestBuilder<B> {
        self.signed(request)
            .config()
            .timeout_global(Some(Duration::from_secs(60)))
            .build()
    }

    fn json(&self, answer: Result<Response<Body>, ureq::Error>) -> Result<Value, Unanswered> {
        let mut answer = self.accepted(answer)?;
        answer
            .body_mut()
            .with_config()
            .limit(ANSWER)
            .read_json()
            .map_err(|error| match error {
                ureq::Error::Json(_) => Unanswered::Refused {
                    status: 200,
                    sentence: format!(
                        "`{}` does not answer as mqtt-presence does; is it the right address?",
                        self.base
                    ),
                },
                error => self.unreached(&error),
            })
    }

    fn accepted(
        &self,
        answer: Result<Response<Body>, ureq::Error>,
    ) -> Result<Response<Body>, Unanswered> {
        let mut answer = answer.map_err(|error| self.unreached(&error))?;
        let status = answer.status().as_u16();
        if status == 200 {
            return Ok(answer);
        }
        let problem: Option<Value> = answer
            .body_mut()
            .with_config()
            .limit(ANSWER)
            .read_json()
            .ok();
        let detail = problem
            .as_ref()
            .and_then(|problem| problem.get("detail")?.as_str());
        let advice = if status == 401 {
            "; give `--token-file FILE` or set MQTT_PRESENCE_TOKEN"
        } else {
            ""
        };
        let sentence = match detail {
            Some(detail) => format!("`{}` answers {status}: {detail}{advice}", self.base),
            None => format!(
                "`{}` answers {status}, not as mqtt-presence does; is it the right address?",
                self.base
            ),
        };
        Err(Unanswered::Refused { status, sentence })
    }

    fn unreached(&self, error: &ureq::Error) -> Unanswered {
        let reason = match error {
            ureq::Error::Io(error) => trust::broken(error),
            ureq::Error::HostNotFound => "no such host".into(),
            ureq::Error::ConnectionFailed => "the connection failed".into(),
            ureq::Error::Rustls(error) => trust::refused(error),
            other => other.to_string(),
        };
        Unanswered::Unreached(format!(
            "cannot reach `{}`: {reason}; is `mqtt-presence serve` running there? `--url` gives another address",
            self.base
        ))
    }
}

/// The client id as it stands in a path.
pub(super) fn in_path(client_id: &str) -> String {
    percent_encoding::utf8_percent_encode(client_id, percent_encoding::NON_ALPHANUMERIC).to_string()
}
