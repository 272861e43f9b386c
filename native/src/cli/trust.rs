//! TLS towards a service: whom to trust, and what to show.

use std::path::Path;
use std::sync::Arc;

use ureq::tls::{Certificate, ClientCert, PemItem, PrivateKey, RootCerts, TlsConfig};

use super::service::ServiceArgs;
use crate::authorities;

/// As the arguments say; without `--ca` the system's authorities are trusted.
///
/// # Errors
/// A sentence that names the flag and the file.
pub(super) fn tls(args: &ServiceArgs) -> Result<TlsConfig, String> {
    let mut tls = TlsConfig::builder().root_certs(roots("--ca", args.ca.as_deref())?);
    let identity = (&args.identity.cert, &args.identity.key);
    if let (Some(cert), Some(key)) = identity {
        let chain = certificates("--cert", cert)?;
        let private = PrivateKey::from_pem(&read("--key", key)?)
            .map_err(|_| format!("`--key`: `{}` holds no key in PEM form", key.display()))?;
        tls = tls.client_cert(Some(ClientCert::new_with_certs(&chain, private)));
    }
    Ok(tls.build())
}

/// Accepts any certificate: only for what nothing depends on.
pub(super) fn nobody() -> TlsConfig {
    TlsConfig::builder().disable_verification(true).build()
}

/// Why a connection within TLS did not come about, and what to do.
pub(super) fn refused(error: &rustls::Error) -> String {
    match error {
        rustls::Error::InvalidCertificate(reason) => format!(
            "its certificate is not accepted ({reason}); `--ca FILE` names the authority of an own one"
        ),
        rustls::Error::AlertReceived(alert) => {
            format!(
                "it ended the TLS handshake ({alert:?}); it may want a certificate: `--cert FILE --key FILE`"
            )
        }
        error => error.to_string(),
    }
}

/// The same of a connection that broke, be it within TLS or before.
pub(super) fn broken(error: &std::io::Error) -> String {
    match error.get_ref().and_then(|inner| inner.downcast_ref()) {
        Some(within) => refused(within),
        None => error.to_string(),
    }
}

/// Those of a file that a flag names; without one the system's.
///
/// # Errors
/// A sentence that names the flag and the file.
pub(super) fn roots(flag: &str, file: Option<&Path>) -> Result<RootCerts, String> {
    let roots = match file {
        Some(path) => certificates(flag, path)?,
        None => authorities::system()
            .iter()
            .map(|root| Certificate::from_der(root).to_owned())
            .collect(),
    };
    Ok(RootCerts::Specific(Arc::new(roots)))
}

fn certificates(flag: &str, path: &Path) -> Result<Vec<Certificate<'static>>, String> {
    let pem = read(flag, path)?;
    let mut found = Vec::new();
    for item in ureq::tls::parse_pem(&pem) {
        if let Ok(PemItem::Certificate(certificate)) = item {
            found.push(certificate);
        }
    }
    if found.is_empty() {
        return Err(format!(
            "`{flag}`: `{}` holds no certificate in PEM form",
            path.display()
        ));
    }
    Ok(found)
}

fn read(flag: &str, path: &Path) -> Result<Vec<u8>, String> {
    std::fs::read(path)
        .map_err(|error| format!("`{flag}`: `{}` cannot be read: {error}", path.display()))
}
