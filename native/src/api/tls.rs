//! Certificate and key of the service.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use rustls::crypto::ring;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use tokio_rustls::TlsAcceptor;

use crate::config;

/// Knows the certificate, and reads its files again.
pub struct Tls {
    settings: config::Tls,
    state: Mutex<State>,
}

struct State {
    server: Arc<ServerConfig>,
    texts: Texts,
    /// What could not be used last time; logged once.
    refused: Option<Texts>,
}

/// What a file held, or why it cannot be read; in the order of the settings.
type Texts = Vec<Result<Vec<u8>, String>>;

impl Tls {
    /// Reads certificate and key.
    ///
    /// # Errors
    /// A sentence that names the file and what is wrong with it.
    pub fn new(settings: &config::Tls) -> Result<Tls, String> {
        let texts = texts(settings);
        let state = State {
            server: Arc::new(server(settings, &texts)?),
            texts,
            refused: None,
        };
        Ok(Tls {
            settings: settings.clone(),
            state: Mutex::new(state),
        })
    }

    /// For the next connection.
    pub fn acceptor(&self) -> TlsAcceptor {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        TlsAcceptor::from(Arc::clone(&state.server))
    }

    /// Reads the files again and takes them over if they go together; open
    /// connections keep what they began with.
    pub fn reread(&self) {
        let texts = texts(&self.settings);
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        if texts == state.texts {
            state.refused = None;
            return;
        }
        if state.refused.as_ref() == Some(&texts) {
            return;
        }
        match server(&self.settings, &texts) {
            Ok(server) => {
                tracing::info!("the certificate was read again");
                state.server = Arc::new(server);
                state.texts = texts;
                state.refused = None;
            }
            Err(reason) => {
                tracing::error!(
                    "the new certificate cannot be used, the one before is kept: {reason}"
                );
                state.refused = Some(texts);
            }
        }
    }
}

fn texts(settings: &config::Tls) -> Texts {
    let files = settings.files().into_iter();
    let read = files.map(|(_, path)| std::fs::read(path).map_err(|error| error.to_string()));
    read.collect()
}

fn server(settings: &config::Tls, texts: &Texts) -> Result<ServerConfig, String> {
    let mut files = Vec::with_capacity(3);
    for ((key, path), text) in settings.files().into_iter().zip(texts) {
        let text = text.as_ref().map_err(|error| {
            format!(
                "`api.tls.{key}`: `{}` cannot be read: {error}",
                path.display()
            )
        })?;
        files.push((key, path.as_path(), text.as_slice()));
    }
    let [cert, key, client_ca @ ..] = files.as_slice() else {
        return Err("`api.tls` has no certificate and key".into());
    };
    let (_, path, text) = key;
    let private = PrivateKeyDer::from_pem_slice(text).map_err(|_| {
        format!(
            "`api.tls.key`: `{}` holds no key in PEM form",
            path.display()
        )
    })?;
    let provider = Arc::new(ring::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_safe_default_protocol_versions()
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    let builder = match client_ca.first() {
        None => builder.with_no_client_auth(),
        Some(file) => {
            let mut roots = RootCertStore::empty();
            for authority in certificates(file)? {
                roots.add(authority).map_err(|error| {
                    format!("`api.tls.client_ca`: `{}`: {error}", file.1.display())
                })?;
            }
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider)
                .build()
                .map_err(|error| format!("`api.tls.client_ca`: `{}`: {error}", file.1.display()))?;
            builder.with_client_cert_verifier(verifier)
        }
    };
    let mut server = builder
        .with_single_cert(certificates(cert)?, private)
        .map_err(|error| mismatched(cert.1, path, &error))?;
    server.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(server)
}

fn certificates(
    (key, path, text): &(&str, &Path, &[u8]),
) -> Result<Vec<CertificateDer<'static>>, String> {
    let shown = path.display();
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(text).collect();
    match found {
        Ok(found) if !found.is_empty() => Ok(found),
        _ => Err(format!(
            "`api.tls.{key}`: `{shown}` holds no certificate in PEM form"
        )),
    }
}

fn mismatched(cert: &Path, key: &Path, error: &rustls::Error) -> String {
    let (cert, key) = (cert.display(), key.display());
    match error {
        rustls::Error::InconsistentKeys(_) => format!(
            "`api.tls`: the key `{key}` is not the one of the certificate `{cert}`; give both of one pair"
        ),
        error => format!("`api.tls`: `{cert}` and `{key}` cannot be used: {error}"),
    }
}
