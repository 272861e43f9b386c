//! Who may ask: tokens and their scopes, and which sites' pages.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::access::{Access, bearer};
use super::problem::Problem;
use super::{Service, Shared};
use crate::config::Scope;

/// Whether the request may do what the scope is for.
///
/// # Errors
/// 401 with what is missing, 403 when its token is of a lesser scope.
pub fn allows(access: &Access, headers: &HeaderMap, wanted: Scope) -> Result<(), Problem> {
    if access.is_open() {
        return Ok(());
    }
    let unauthorized =
        |detail: &str| Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail);
    if !headers.contains_key(header::AUTHORIZATION) {
        return Err(unauthorized(
            "this service wants a token: send the header `Authorization: Bearer TOKEN`",
        ));
    }
    let given = bearer(headers).ok_or_else(|| {
        unauthorized("the header `Authorization` is not of the form `Bearer TOKEN`")
    })?;
    match access.scope(given) {
        Some(scope) if scope >= wanted => Ok(()),
        Some(scope) => Err(Problem::lacks_scope(wanted.as_str(), scope.as_str())),
        None => Err(unauthorized("the token is none of this service's")),
    }
}

/// Lets requests pass that may read.
pub async fn read(state: State<Shared>, request: Request, next: Next) -> Response {
    require(state, request, next, Scope::Read).await
}

/// Lets requests pass that may change something.
pub async fn write(state: State<Shared>, request: Request, next: Next) -> Response {
    require(state, request, next, Scope::Write).await
}

async fn require(
    State(service): State<Shared>,
    request: Request,
    next: Next,
    wanted: Scope,
) -> Response {
    match allows(&service.access, request.headers(), wanted) {
        Ok(()) => next.run(request).await,
        Err(problem) => problem.into_response(),
    }
}

/// Keeps pages of other sites out. Without a token, whoever can make a
/// browser on this machine call `127.0.0.1` could read and write, be it
/// across sites (`Origin`) or by a name that points here (`Host`).
pub async fn same_site(State(service): State<Shared>, request: Request, next: Next) -> Response {
    match foreign(&service, request.headers(), request.uri()) {
        None => next.run(request).await,
        Some(detail) => Problem::new(StatusCode::FORBIDDEN, "foreign_site", detail).into_response(),
    }
}

fn foreign(service: &Service, headers: &HeaderMap, uri: &Uri) -> Option<String> {
    let api = &service.api;
    let host = match headers.get(header::HOST) {
        Some(host) => String::from_utf8_lossy(host.as_bytes()).into_owned(),
        None => uri.authority().map(ToString::to_string).unwrap_or_default(),
    };
    if service.access.is_open() && api.bind.ip().is_loopback() && !is_local(&host, &api.hosts) {
        return Some(format!(
            "the header `Host` is `{host}`, no name of this machine; ask for 127.0.0.1, add the name to `api.hosts`, \
             or set a token"
        ));
    }
    let origin = headers.get(header::ORIGIN)?;
    let origin = String::from_utf8_lossy(origin.as_bytes());
    let own = origin
        .split_once("://")
        .is_some_and(|(_, name)| name.eq_ignore_ascii_case(&host));
    if own || api.cors.iter().any(|allowed| *allowed == origin) {
        return None;
    }
    Some(format!(
        "pages of `{origin}` may not call this service; add the origin to `api.cors` if they should"
    ))
}

fn is_local(host: &str, hosts: &[String]) -> bool {
    let name = match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    };
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse::<IpAddr>()
            .is_ok_and(|address| address.is_loopback())
        || hosts
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::is_local;

    #[test]
    fn knows_its_own_names() {
        for host in [
            "localhost",
            "LOCALHOST:1",
            "127.0.0.1:8787",
            "127.0.0.2",
            "[::1]:8787",
            "[::1]",
            "name:1",
        ] {
            assert!(is_local(host, &["Name".to_owned()]), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1.evil.example:8787",
            "10.0.0.1:8787",
            "localhost.evil:80",
        ] {
            assert!(!is_local(host, &[]), "{host}");
        }
    }
}
