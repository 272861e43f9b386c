//! `[api.tls]`: where certificate and key are.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

/// PEM files; all are read again when they change.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tls {
    /// The certificate, and those between it and its authority.
    pub cert: PathBuf,
    /// Its key.
    pub key: PathBuf,
    /// Authorities of clients: only who has a certificate of theirs may connect.
    #[serde(default)]
    pub client_ca: Option<PathBuf>,
}

impl Tls {
    /// The key of the configuration and the file, for each.
    pub fn files(&self) -> Vec<(&'static str, &PathBuf)> {
        let client_ca = self.client_ca.iter().map(|path| ("client_ca", path));
        [("cert", &self.cert), ("key", &self.key)]
            .into_iter()
            .chain(client_ca)
            .collect()
    }
}
