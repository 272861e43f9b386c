//! The configuration as `serve` and `doctor` take it from the command line.

use std::path::PathBuf;

use clap::Args;

use crate::config::{Config, ConfigError, Input, LogFormat, StoreKind, load};

/// Where the configuration comes from: a file, over it `MQTT_PRESENCE_…`
/// variables, over them these flags.
#[derive(Clone, Debug, Default, Args)]
pub(super) struct SettingsArgs {
    /// TOML file
    #[arg(long, value_name = "FILE", env = "MQTT_PRESENCE_CONFIG")]
    config: Option<PathBuf>,
    /// Address and port to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDRESS")]
    bind: Option<String>,
    /// Which store
    #[arg(long, value_enum)]
    store: Option<StoreKind>,
    /// File of the store `sqlite`
    #[arg(long, value_name = "FILE")]
    path: Option<String>,
    /// Which facts close a channel: `any` or `tcpclean`
    #[arg(long)]
    closing: Option<String>,
    /// A newer connect supersedes a client's older channels
    #[arg(long)]
    takeover: bool,
    /// How long a channel may be live before it is suspect, such as `12h`
    #[arg(long, value_name = "DURATION")]
    lease: Option<String>,
    /// File that holds the token which callers must send
    #[arg(long, value_name = "FILE")]
    token_file: Option<String>,
    /// Serve anybody, also on an address that others reach
    #[arg(long)]
    allow_anonymous: bool,
    /// `error`, `warn`, `info`, `debug`, `trace` or a filter; RUST_LOG goes before it
    #[arg(long, value_name = "LEVEL")]
    log_level: Option<String>,
    /// How log lines are written
    #[arg(long, value_enum)]
    log_format: Option<LogFormat>,
    /// Any other key, such as `api.rate=50` or `source.0.kind=fleet`
    #[arg(long = "set", value_name = "KEY=VALUE")]
    set: Vec<String>,
}

impl SettingsArgs {
    /// A file and the variables over it, without flags.
    #[cfg(feature = "bridge")]
    pub fn of_file(config: Option<PathBuf>) -> SettingsArgs {
        SettingsArgs {
            config,
            ..SettingsArgs::default()
        }
    }

    /// Reads and checks it.
    ///
    /// # Errors
    /// A sentence that names the layer, the key, and what is allowed.
    pub fn load(&self) -> Result<Config, ConfigError> {
        let environment = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, _)| name.starts_with("MQTT_PRESENCE_"))
            .collect();
        load(&Input {
            file: self.config.clone(),
            environment,
            flags: self.flags()?,
        })
    }

    fn flags(&self) -> Result<Vec<(String, String, String)>, ConfigError> {
        let mut flags = Vec::new();
        for pair in &self.set {
            let Some((key, value)) = pair.split_once('=').filter(|(key, _)| key.contains('.'))
            else {
                // Without the value, which may be a secret.
                let key = pair.split_once('=').map_or(pair.as_str(), |(key, _)| key);
                return Err(ConfigError::new(format!(
                    "`--set {key}` is not of the form `section.key=VALUE`"
                )));
            };
            flags.push((format!("--set {key}"), key.to_owned(), value.to_owned()));
        }
        let named = [
            ("--bind", "api.bind", self.bind.clone()),
            (
                "--store",
                "store.kind",
                self.store.map(|kind| name_of(&kind)),
            ),
            ("--path", "store.path", self.path.clone()),
            ("--closing", "rule.closing", self.closing.clone()),
            (
                "--takeover",
                "rule.takeover",
                self.takeover.then(|| "true".into()),
            ),
            ("--lease", "rule.lease", self.lease.clone()),
            ("--token-file", "api.token_file", self.token_file.clone()),
            (
                "--allow-anonymous",
                "api.allow_anonymous",
                self.allow_anonymous.then(|| "true".into()),
            ),
            ("--log-level", "log.level", self.log_level.clone()),
            (
                "--log-format",
                "log.format",
                self.log_format.map(|format| name_of(&format)),
            ),
        ];
        for (flag, key, value) in named {
            if let Some(value) = value {
                flags.push((flag.into(), key.into(), value));
            }
        }
        Ok(flags)
    }
}

fn name_of(value: &impl clap::ValueEnum) -> String {
    value
        .to_possible_value()
        .map(|value| value.get_name().to_owned())
        .unwrap_or_default()
}
