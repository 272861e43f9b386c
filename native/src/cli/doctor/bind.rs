//! The address that `serve` would listen on.

use std::io::ErrorKind;
use std::net::{SocketAddr, TcpListener};

use super::super::service::{Service, ServiceArgs};
use super::Finding;
use crate::config::Api;

/// Tries the address, and looks at who may reach it.
pub(super) fn check(api: &Api) -> Vec<Finding> {
    let mut findings = vec![address(api.bind)];
    if !api.bind.ip().is_loopback() && api.token.is_none() {
        findings.push(Finding::note(
            "api",
            "anybody who reaches the address may read and write; a token is safer",
        ));
    }
    if let Some(path) = &api.token_file
        && super::reach::others_may_read(path)
    {
        let sentence = format!(
            "`{0}` can be read by every user of this machine: `chmod 600 {0}`",
            path.display()
        );
        findings.push(Finding::note("api", sentence));
    }
    findings
}

fn address(bind: SocketAddr) -> Finding {
    let part = "address";
    match TcpListener::bind(bind) {
        Ok(_) => Finding::good(part, format!("`{bind}` is free")),
        Err(error) if error.kind() == ErrorKind::AddrInUse => {
            let args = ServiceArgs {
                url: format!("http://{bind}"),
                token_file: None,
            };
            let running = Service::new(&args).is_ok_and(|service| service.get("/healthz").is_ok());
            if running {
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
