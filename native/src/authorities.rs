//! Whose certificates are accepted where this service is the one that connects.

use std::path::Path;

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;

/// The system's. One that cannot be read only trusts less.
pub(crate) fn system() -> Vec<CertificateDer<'static>> {
    rustls_native_certs::load_native_certs().certs
}

/// Those of a PEM file, which the setting `key` names.
///
/// # Errors
/// A sentence that names both.
pub(crate) fn of_file(key: &str, path: &Path) -> Result<Vec<CertificateDer<'static>>, String> {
    let certificates: Result<Vec<_>, _> =
        CertificateDer::pem_file_iter(path).and_then(Iterator::collect);
    let certificates = certificates.map_err(|error| unread(key, path, &error))?;
    if certificates.is_empty() {
        return Err(format!(
            "`{key}`: `{}` holds no certificate",
            path.display()
        ));
    }
    Ok(certificates)
}

/// The file cannot be used, for this reason.
pub(crate) fn unread(key: &str, path: &Path, error: &dyn std::fmt::Display) -> String {
    format!("`{key}`: `{}` cannot be read: {error}", path.display())
}
