//! The address that `serve` would listen on.

use std::io::ErrorKind;
use std::net::TcpListener;

use super::super::service::Service;
use super::Finding;
use crate::config::Api;

/// Tries the address, and looks at who may reach it.
pub(super) fn check(api: &Api) -> Vec<Finding> {
    let mut findings = vec![address(api)];
    if !api.bind.ip().is_loopback() && !api.wants_token() {
        findings.push(Finding::note(
            "api",
            "anybody who reaches the address may read and write; a token is safer",
        ));
    }
    if !api.bind.ip().is_loopback() && api.wants_token() && api.tls.is_none() {
        findings.push(Finding::note(
            "api",
            "tokens travel unencrypted; set `api.tls`, or put a proxy that ends TLS before it",
        ));
    }
    if let Some(tls) = &api.tls {
        findings.push(match crate::api::Tls::new(tls) {
            Ok(_) => Finding::good("api.tls", "certificate and key go together"),
            Err(reason) => Finding::wrong("api.tls", reason),
        });
    }
    let tokens = api.all_tokens();
    let files = tokens.iter().filter_map(|token| token.file.as_ref());
    for path in files.chain(api.tls.iter().map(|tls| &tls.key)) {
        if super::reach::others_may_read(path) {
            let sentence = format!(
                "`{0}` can be read by every user of this machine: `chmod 600 {0}`",
                path.display()
            );
            findings.push(Finding::note("api", sentence));
        }
    }
    findings
}

/// Whether a service answers there. Sends no token and trusts any certificate,
/// as nothing depends on what it says.
fn runs(api: &Api) -> bool {
    let url = format!("{}://{}", api.scheme(), api.bind);
    Service::stranger(&url).get("/healthz").is_ok()
}

fn address(api: &Api) -> Finding {
    let (part, bind) = ("address", api.bind);
    match TcpListener::bind(bind) {
        Ok(_) => Finding::good(part, format!("`{bind}` is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            if runs(api) {
                Finding::note(
                    part,
                    format!(
                        "a service answers at `{bind}` already; a second one needs another port"
                    ),
                )
            } else {
                Finding::wrong(
                    part,
                    format!(
                        "`{bind}` is taken by another process: end that, or set `api.bind` to another port"
                    ),
                )
            }
        }
        Err(error) if error.kind() == ErrorKind::PermissionDenied => Finding::wrong(
            part,
            format!("`{bind}` may not be used: ports below 1024 need rights; take another"),
        ),
        Err(error) if error.kind() == ErrorKind::AddrNotAvailable => Finding::wrong(
            part,
            format!(
                "`{}` is no address of this machine: set `api.bind`",
                bind.ip()
            ),
        ),
        Err(error) => Finding::wrong(part, format!("`{bind}` cannot be used: {error}")),
    }
}
