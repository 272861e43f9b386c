//! The address that `serve` would listen on, and who may use it.

use std::io::ErrorKind;
use std::net::TcpListener;

use super::super::service::Service;
use super::{Finding, Name, handshake};
use crate::config::Api;

/// Tries the address, and looks at who may reach it.
pub(super) fn check(api: &Api) -> Vec<Finding> {
    let mut findings = vec![address(api)];
    let reached = !api.bind.ip().is_loopback();
    if reached && !api.wants_token() {
        findings.push(Finding::note(
            Name::ApiOpenToAll,
            "api",
            "anybody who reaches the address may read and write",
            "set `api.token_file`",
        ));
    }
    if reached && api.wants_token() && api.tls.is_none() {
        findings.push(Finding::note(
            Name::TokensUnencrypted,
            "api",
            "tokens travel unencrypted",
            "set `api.tls`, or put a proxy that ends TLS before it",
        ));
    }
    if let Some(tls) = &api.tls {
        findings.push(match crate::api::Tls::new(tls) {
            Ok(_) => Finding::good("api.tls", "certificate and key go together"),
            Err(reason) => Finding::wrong(
                Name::TlsUnusable,
                "api.tls",
                reason,
                "correct `api.tls.cert` and `api.tls.key`",
            ),
        });
    }
    findings
}

fn address(api: &Api) -> Finding {
    let (part, bind) = ("address", api.bind);
    let error = match TcpListener::bind(bind) {
        Ok(_) => return Finding::good(part, format!("`{bind}` is free")),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::AddrInUse if answers(api) => Finding::note(
            Name::ServiceRunning,
            part,
            format!("a service answers at `{bind}` already"),
            "nothing, if it is this one; a second one needs another port",
        ),
        ErrorKind::AddrInUse => Finding::wrong(
            Name::PortTaken,
            part,
            format!("`{bind}` is taken by another process"),
            "end that, or set `api.bind` to another port",
        ),
        ErrorKind::PermissionDenied => Finding::wrong(
            Name::PortNotAllowed,
            part,
            format!("`{bind}` may not be used by this user"),
            "ports below 1024 need rights: take another in `api.bind`",
        ),
        ErrorKind::AddrNotAvailable => Finding::wrong(
            Name::AddressNotHere,
            part,
            format!("`{}` is no address of this machine", bind.ip()),
            "correct `api.bind`",
        ),
        _ => Finding::wrong(
            Name::AddressNotHere,
            part,
            format!("`{bind}` cannot be used: {error}"),
            "correct `api.bind`",
        ),
    }
}

/// Whether a service answers there, be it by asking for a certificate. Sends no token and trusts
/// any certificate, as nothing depends on what it says.
fn answers(api: &Api) -> bool {
    let url = format!("{}://{}", api.scheme(), api.bind);
    let closed = api.tls.as_ref().is_some_and(|tls| tls.client_ca.is_some());
    (closed && handshake::wants_certificate(api.bind))
        || Service::stranger(&url).get("/healthz").is_ok()
}
