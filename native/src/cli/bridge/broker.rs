//! Which broker, and how to be let in.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use rumqttc::{MqttOptions, TlsConfiguration, Transport};
use ureq::http::Uri;

use super::super::failure::Failure;
use crate::config::Secret;

#[derive(Debug, Args)]
#[command(next_help_heading = "Broker")]
pub(super) struct BrokerArgs {
    /// The broker: `mqtt://HOST:PORT`, or `mqtts://` for TLS
    #[arg(long, value_name = "URL")]
    from: String,
    /// User name at the broker
    #[arg(long, value_name = "NAME", env = "MQTT_PRESENCE_BRIDGE_USER")]
    user: Option<String>,
    /// File that holds the password; or set MQTT_PRESENCE_BRIDGE_PASSWORD
    #[arg(long, value_name = "FILE", requires = "user")]
    password_file: Option<PathBuf>,
    /// The bridge's client id, and so its session's name: one running bridge each
    #[arg(long, value_name = "ID", default_value = "mqtt-presence-bridge")]
    client_id: String,
    /// Certificates to trust, PEM; those of the system when absent
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
    /// The bridge's own certificate, PEM
    #[arg(long, value_name = "FILE", requires = "ca_file", requires = "key_file")]
    cert_file: Option<PathBuf>,
    /// The key of that certificate, PEM
    #[arg(long, value_name = "FILE", requires = "cert_file")]
    key_file: Option<PathBuf>,
}

impl BrokerArgs {
    /// The address as it was given; it holds no secret.
    pub fn from(&self) -> &str {
        &self.from
    }

    pub fn options(&self) -> Result<MqttOptions, Failure> {
        let uri: Option<Uri> = self.from.parse().ok();
        let host = uri.as_ref().and_then(Uri::host);
        let tls = match uri.as_ref().and_then(Uri::scheme_str) {
            Some("mqtt") => Some(false),
            Some("mqtts") => Some(true),
            _ => None,
        };
        // A password in an address would be shown by every list of processes.
        let (Some(uri), Some(host), Some(tls), false) = (&uri, host, tls, self.from.contains('@'))
        else {
            return Err(Failure::Said(
                "`--from` takes `mqtt://HOST:PORT` or `mqtts://HOST:PORT`; the user goes into `--user`, the password \
                 into `--password-file` or MQTT_PRESENCE_BRIDGE_PASSWORD"
                    .into(),
            ));
        };
        let port = uri.port_u16().unwrap_or(if tls { 8_883 } else { 1_883 });
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let mut options = MqttOptions::new(&self.client_id, host, port);
        options
            .set_keep_alive(Duration::from_secs(15))
            .set_clean_session(false)
            .set_manual_acks(true)
            .set_max_packet_size(1 << 20, 1 << 16);
        if let Some(user) = &self.user {
            let password = self.password()?;
            options.set_credentials(user, password.as_ref().map_or("", Secret::expose));
        }
        if tls {
            options.set_transport(Transport::tls_with_config(self.tls()?));
        }
        Ok(options)
    }

    fn password(&self) -> Result<Option<Secret>, Failure> {
        match &self.password_file {
            Some(path) => Secret::read(path)
                .map(Some)
                .map_err(|reason| Failure::Said(format!("`--password-file`: {reason}"))),
            None => Ok(std::env::var("MQTT_PRESENCE_BRIDGE_PASSWORD")
                .ok()
                .map(Secret::new)),
        }
    }

    fn tls(&self) -> Result<TlsConfiguration, Failure> {
        // Two kinds of cryptography may be linked in; an earlier choice stands.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let Some(ca) = &self.ca_file else {
            return Ok(TlsConfiguration::default());
        };
        let client_auth = match (&self.cert_file, &self.key_file) {
            (Some(cert), Some(key)) => Some((read(cert)?, read(key)?)),
            _ => None,
        };
        Ok(TlsConfiguration::Simple {
            ca: read(ca)?,
            alpn: None,
            client_auth,
        })
    }
}

fn read(path: &Path) -> Result<Vec<u8>, Failure> {
    std::fs::read(path)
        .map_err(|error| Failure::Said(format!("`{}` cannot be read: {error}", path.display())))
}
