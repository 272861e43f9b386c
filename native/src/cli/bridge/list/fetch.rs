//! One list, over HTTP.

use std::path::PathBuf;
use std::time::Duration;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mqtt_presence_core::lifecycle::{Fields, Format, Listed};
use ureq::Agent;
use ureq::http::Uri;
use ureq::tls::TlsConfig;

use super::super::super::trust;
use super::ListArgs;
use crate::config::Secret;
use crate::loopback::is_loopback;

/// Largest answer that is read.
const ANSWER: u64 = 512 * 1024 * 1024;
/// Longest wait for one answer.
const PATIENCE: Duration = Duration::from_secs(20);
/// Clients of one page of EMQX, the most that it gives.
const LIMIT: usize = 10_000;
/// No list has more pages; one that says so always gives the same.
const PAGES: usize = 10_000;

pub(in super::super) struct List {
    url: String,
    format: Format,
    fields: Fields,
    user: Option<String>,
    password: Password,
    agent: Agent,
}

enum Password {
    None,
    Given(Secret),
    /// Read at each request, so that it may be changed.
    File(PathBuf),
}

impl Password {
    fn read(&self) -> Result<Option<Secret>, String> {
        match self {
            Password::None => Ok(None),
            Password::Given(secret) => Ok(Some(secret.clone())),
            Password::File(path) => Secret::read(path)
                .map(Some)
                .map_err(|reason| format!("`--list-password-file`: {reason}")),
        }
    }
}

impl List {
    /// # Errors
    /// A sentence: the URL is none, or a file cannot be read.
    pub fn new(args: &ListArgs, url: &str, format: Format, fields: Fields) -> Result<List, String> {
        let uri: Option<Uri> = url.parse().ok();
        let of_list = |uri: &Uri| {
            matches!(uri.scheme_str(), Some("http" | "https"))
                // A password in an address would be shown by every list of processes.
                && uri.authority().is_some_and(|host| !host.as_str().contains('@'))
        };
        let Some(uri) = uri.filter(of_list) else {
            return Err(
                "`--list-url` takes `http://HOST:PORT/PATH` or `https://…`; the user goes into `--list-user`, the \
                 password into `--list-password-file` or MQTT_PRESENCE_LIST_PASSWORD"
                    .into(),
            );
        };
        if format == Format::Emqx && has(&uri, "page") {
            return Err(format!(
                "`--list-url`: `{url}` names one page: leave `page` out, the bridge reads them all"
            ));
        }
        let mut config = Agent::config_builder()
            .http_status_as_error(false)
            // The password is for this address.
            .max_redirects(0)
            .timeout_connect(Some(Duration::from_secs(5)))
            .timeout_global(Some(PATIENCE))
            .user_agent(concat!("mqtt-presence/", env!("CARGO_PKG_VERSION")));
        if is_loopback(&uri) {
            config = config.proxy(None);
        }
        if uri.scheme_str() == Some("https") {
            let roots = trust::roots("--list-ca", args.list_ca.as_deref())?;
            config = config.tls_config(TlsConfig::builder().root_certs(roots).build());
        }
        let password = match &args.list_password_file {
            Some(path) => Password::File(path.clone()),
            None => std::env::var("MQTT_PRESENCE_LIST_PASSWORD")
                .map_or(Password::None, |text| Password::Given(Secret::new(text))),
        };
        password.read()?;
        Ok(List {
            url: url.to_owned(),
            format,
            fields,
            user: args.list_user.clone(),
            password,
            agent: config.build().into(),
        })
    }

    /// As it was given; it holds no secret.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Asks for all of it.
    ///
    /// # Errors
    /// A sentence that says what is wrong and what to do.
    pub fn ask(&self) -> Result<Listed, String> {
        let mut listed = Listed::new(self.format)
            .ok_or_else(|| format!("of `{}` no list can be read", self.format))?;
        let pages = self.pages(&mut listed)?;
        if pages > 1 {
            // Who leaves meanwhile moves the others up, over the end of a page:
            // whom one reading skips, the other has.
            self.pages(&mut listed)?;
        }
        Ok(listed)
    }

    fn pages(&self, listed: &mut Listed) -> Result<usize, String> {
        let mut page = 1;
        loop {
            let body = self.page(page)?;
            let more = listed.read(&self.fields, &body).map_err(|unknown| {
                format!(
                    "the list of `{}` cannot be read ({unknown}); is it the right address, and does `--format-in` \
                     name the broker's kind{}?",
                    self.url,
                    match self.format {
                        Format::Generic => ", `--field` the fields",
                        _ => "",
                    }
                )
            })?;
            if !more {
                return Ok(page);
            }
            if page == PAGES {
                return Err(format!(
                    "the list of `{}` has no end: after {PAGES} pages it still says that there are more; is a proxy in \
                     between that leaves `page` out?",
                    self.url
                ));
            }
            page += 1;
        }
    }

    fn page(&self, page: usize) -> Result<Vec<u8>, String> {
        let mut request = self
            .agent
            .get(address(self.format, &self.url, page))
            .header("accept", "application/json");
        if let Some(user) = &self.user {
            let password = self.password.read()?;
            let password = password.as_ref().map_or("", Secret::expose);
            let credentials = BASE64_STANDARD.encode(format!("{user}:{password}"));
            request = request.header("authorization", format!("Basic {credentials}"));
        }
        let mut answer = request.call().map_err(|error| self.unreached(&error))?;
        let advice = match answer.status().as_u16() {
            200 => {
                let body = answer.body_mut().with_config().limit(ANSWER);
                return body.read_to_vec().map_err(|error| self.unreached(&error));
            }
            401 | 403 => {
                "it does not let this bridge read the list: give `--list-user` and `--list-password-file`, or check \
                 them; EMQX wants an API key and its secret, not a user of its dashboard"
            }
            400 if self.format == Format::Emqx => {
                "an early EMQX 5 gives fewer clients a page: add `?limit=1000` to `--list-url`"
            }
            300..=399 => "it points elsewhere: name that address in `--list-url`",
            404 | 405 => {
                "no list is there: check `--list-url`, for EMQX `http://HOST:18083/api/v5/clients`"
            }
            _ => "look at the broker's own log",
        };
        Err(format!(
            "`{}` answers {}: {advice}",
            self.url,
            answer.status().as_u16()
        ))
    }

    fn unreached(&self, error: &ureq::Error) -> String {
        let url = &self.url;
        let within = match error {
            ureq::Error::Rustls(error) => Some(error),
            ureq::Error::Io(error) => error.get_ref().and_then(|inner| inner.downcast_ref()),
            _ => None,
        };
        match (within, error) {
            (Some(rustls::Error::InvalidCertificate(reason)), _) => format!(
                "the certificate of `{url}` is not accepted ({reason}); `--list-ca FILE` names the authority of an own \
                 one, and the address must be a name of the certificate"
            ),
            (Some(error), _) => {
                format!(
                    "no TLS with `{url}`: {error}; if the list is without TLS, it begins with `http://`"
                )
            }
            (None, ureq::Error::Timeout(_)) => format!(
                "`{url}` has not answered within {} s: is it the right address, and is the broker well?",
                PATIENCE.as_secs()
            ),
            (None, ureq::Error::HostNotFound) => {
                format!("cannot reach `{url}`: no such host; check `--list-url`")
            }
            (None, ureq::Error::BodyExceedsLimit(_)) => {
                format!("the list of `{url}` is longer than {ANSWER} bytes: it is not read")
            }
            (None, error) => {
                format!(
                    "cannot reach `{url}`: {error}; is the broker's HTTP API switched on, and `--list-url` right?"
                )
            }
        }
    }
}

/// Of one page; only EMQX has several.
fn address(format: Format, url: &str, page: usize) -> String {
    if format != Format::Emqx {
        return url.to_owned();
    }
    let uri: Option<Uri> = url.parse().ok();
    let limit = match uri.as_ref().is_some_and(|uri| has(uri, "limit")) {
        true => String::new(),
        false => format!("&limit={LIMIT}"),
    };
    let joint = match uri.as_ref().and_then(Uri::query) {
        Some(_) => '&',
        None => '?',
    };
    format!("{url}{joint}page={page}{limit}")
}

fn has(uri: &Uri, parameter: &str) -> bool {
    let query = uri.query().unwrap_or_default();
    query
        .split('&')
        .any(|pair| pair.split('=').next() == Some(parameter))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_of_emqx_is_added_to_what_the_address_says() {
        let clients = "http://h:18083/api/v5/clients";
        for (given, asked) in [
            ("", "?page=2&limit=10000"),
            ("?limit=1000", "?limit=1000&page=2"),
            (
                "?conn_state=connected",
                "?conn_state=connected&page=2&limit=10000",
            ),
        ] {
            let url = format!("{clients}{given}");
            let wanted = format!("{clients}{asked}");
            assert_eq!(address(Format::Emqx, &url, 2), wanted);
            assert_eq!(address(Format::Generic, &url, 2), url);
        }
    }
}
