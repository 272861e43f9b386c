//! The address that `serve` would listen on.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use super::super::service::{Service, ServiceArgs};
use super::{Finding, Name};
use crate::config::Api;

/// Tries the address, and looks at who may reach it.
pub(super) fn check(api: &Api) -> Vec<Finding> {
    let mut findings = vec![address(api.bind)];
    if !api.bind.ip().is_loopback() && api.token.is_none() {
        findings.push(Finding::note(
            Name::ApiOpenToAll,
            "api",
            "anybody who reaches the address may read and write",
            "set `api.token_file`",
        ));
    }
    if let Some(path) = &api.token_file
        && super::reach::others_may_read(path)
    {
        let path = path.display();
        findings.push(Finding::note(
            Name::SecretOpenToOthers,
            "api",
            format!("`{path}` can be read by every user of this machine"),
            &format!("`chmod 600 {path}`"),
        ));
    }
    findings
}

fn address(bind: SocketAddr) -> Finding {
    let part = "address";
    let error = match TcpListener::bind(bind) {
        Ok(_) => return Finding::good(part, format!("`{bind}` is free")),
        Err(error) => error,
    };
    match error.kind() {
        ErrorKind::AddrInUse if answers(bind) => Finding::note(
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

fn answers(bind: SocketAddr) -> bool {
    let args = ServiceArgs {
        url: format!("http://{bind}"),
        token_file: None,
    };
    Service::new(&args).is_ok_and(|service| service.get("/healthz").is_ok())
}
