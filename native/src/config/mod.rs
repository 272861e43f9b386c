//! The configuration: a TOML file, over it the environment, over it flags.
//!
//! Every key is written `section.key`. In the environment it is
//! `MQTT_PRESENCE_SECTION__KEY`, on the command line `--set section.key=VALUE`;
//! `source.0.topic` is the topic of the first `[[source]]`.

use std::net::SocketAddr;
use std::path::PathBuf;

use mqtt_presence_core::{event, presence};
use serde::{Deserialize, Serialize};

mod allowed;
mod check;
mod fault;
mod layers;
mod load;
mod secret;
mod server;
mod sink;
mod source;
mod span;
#[cfg(test)]
mod tests;
mod tls;
mod token;

pub use fault::{ConfigError, ConfigFault};
pub use load::{Input, load};
pub use secret::{REDACTED, Secret};
pub use sink::{Sink, SinkFrom, SinkKind, Webhook};
pub use source::Source;
pub use span::Span;
pub use tls::Tls;
pub use token::{Scope, Token};

/// The whole configuration, checked.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Config {
    /// How clients are judged.
    pub rule: Rule,
    /// Where the state lives.
    pub store: Store,
    /// The HTTP interface.
    pub api: Api,
    /// Where events come from; `http` when none is configured.
    #[serde(skip)]
    pub source: Vec<Source>,
    /// The `[[source]]` tables as they were given, without their secrets.
    #[serde(rename = "source")]
    given: Vec<figment::value::Dict>,
    /// Where transitions are delivered.
    #[serde(skip)]
    pub sink: Vec<Sink>,
    /// The `[[sink]]` tables as they were given, without their secrets.
    #[serde(rename = "sink", skip_serializing_if = "Vec::is_empty")]
    given_sinks: Vec<figment::value::Dict>,
    /// Limits of a record.
    pub limits: Limits,
    /// The log on standard error.
    pub log: Log,
    /// How the service ends.
    pub shutdown: Shutdown,
}

impl Config {
    /// The configuration as TOML, without its secrets.
    pub fn shown(&self) -> String {
        let mut shown = self.clone();
        // TOML has one `token`: beside tables, the one in short is a table too.
        if !shown.api.tokens.is_empty() {
            shown.api.tokens.splice(..0, self.api.in_short());
            shown.api.token = None;
        }
        toml::to_string(&shown).expect("a configuration is tables of plain values")
    }

    /// Whether `POST /v1/events` takes events.
    pub fn takes_http(&self) -> bool {
        self.source
            .iter()
            .any(|source| matches!(source, Source::Http(_)))
    }

    /// The files that hold a secret: of which section, the number of its table, the path.
    pub fn secret_files(&self) -> Vec<(&'static str, usize, PathBuf)> {
        let mut files = Vec::new();
        let store = self.store.password_file.iter().cloned();
        files.extend(store.map(|path| ("store", 0, path)));
        let tokens = self.api.all_tokens().into_iter();
        let tokens = tokens.filter_map(|token| token.file);
        let tls = self.api.tls.iter().map(|tls| tls.key.clone());
        files.extend(tokens.chain(tls).map(|path| ("api", 0, path)));
        for (section, tables) in [("source", &self.given), ("sink", &self.given_sinks)] {
            for (index, table) in tables.iter().enumerate() {
                let keys = ["secret_key_file", "secret_file"].into_iter();
                let paths = keys.filter_map(|key| table.get(key)?.as_str());
                files.extend(paths.map(|path| (section, index, path.into())));
            }
        }
        files
    }

    /// Whether a source remembers the ways of its messages.
    pub fn remembers(&self) -> bool {
        self.source.iter().any(Source::traces)
    }
}

/// `[rule]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Rule {
    /// Which facts close a channel.
    pub closing: presence::Closing,
    /// Whether a newer connect supersedes older live channels.
    pub takeover: bool,
    /// How long a channel may be live before it is suspect; never if absent.
    pub lease: Option<Span>,
    /// How long a closed channel is kept.
    pub retention: Span,
}

impl Default for Rule {
    fn default() -> Self {
        Rule {
            closing: presence::Closing::Any,
            takeover: false,
            lease: None,
            retention: Span::days(7),
        }
    }
}

impl Rule {
    /// As the rule takes it.
    pub fn options(&self) -> presence::Options {
        presence::Options {
            closing: self.closing,
            takeover: self.takeover,
            lease: self.lease.map(Span::millis),
            retention: self.retention.millis(),
        }
    }
}

/// Which store.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum StoreKind {
    /// One file that survives kill -9.
    #[default]
    Sqlite,
    /// Nothing survives; for tests and a first look.
    Memory,
    /// Redis, for several instances.
    Redis,
    /// A PostgreSQL database, which several instances may share.
    Postgres,
}

/// `[store]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Store {
    /// Which store.
    pub kind: StoreKind,
    /// The file of `sqlite`.
    pub path: PathBuf,
    /// The server of `redis` or `postgres`, without a password; of a Redis
    /// Cluster some nodes, with commas.
    pub url: Option<String>,
    /// The server's password.
    pub password: Option<Secret>,
    /// A file that holds the password.
    pub password_file: Option<PathBuf>,
    /// Certificates (PEM) to trust instead of the system's.
    pub tls_ca: Option<PathBuf>,
    /// What the keys in `redis` begin with.
    pub prefix: String,
    /// Whether `redis` is a Redis Cluster.
    pub cluster: bool,
    /// The schema of `postgres` that holds all tables.
    pub schema: String,
    /// How long transitions are kept.
    pub history: Span,
    /// Most transitions; the oldest go first.
    pub history_rows: u64,
    /// Most rejected records; the oldest go first.
    pub quarantine_rows: u64,
    /// Most bytes of rejected records.
    pub quarantine_bytes: u64,
    /// Memory for clients; the store has a default.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache_bytes: Option<usize>,
}

impl Default for Store {
    fn default() -> Self {
        Store {
            kind: StoreKind::Sqlite,
            path: "mqtt-presence.db".into(),
            url: None,
            password: None,
            password_file: None,
            tls_ca: None,
            prefix: "mqtt-presence".into(),
            cluster: false,
            schema: "mqtt_presence".into(),
            history: Span::days(30),
            history_rows: 10_000_000,
            quarantine_rows: 10_000,
            quarantine_bytes: 64 << 20,
            cache_bytes: None,
        }
    }
}

/// `[api]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Api {
    /// Address and port; port 0 takes a free one.
    pub bind: SocketAddr,
    /// What `Authorization: Bearer` must hold: short for one `[[api.token]]`
    /// with the scope `write`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<Secret>,
    /// A file with one token a line, of the scope `write`.
    pub token_file: Option<PathBuf>,
    /// Serve anybody on an address that others reach.
    pub allow_anonymous: bool,
    /// Origins whose pages may read answers; none if empty.
    #[serde(deserialize_with = "layers::list")]
    pub cors: Vec<String>,
    /// Names, beside localhost, by which a browser may call a service that
    /// has no token and binds loopback.
    #[serde(deserialize_with = "layers::list")]
    pub hosts: Vec<String>,
    /// Largest request body in bytes.
    pub body_limit: usize,
    /// Requests a second from one address, with bursts of as many; 0 is no limit.
    pub rate: u32,
    /// How long one answer may take; followers of transitions are exempt.
    pub timeout: Span,
    /// How many may follow transitions at once.
    pub max_streams: usize,
    /// How many connections are open at once.
    pub max_connections: usize,
    /// How long the head of a request may take, the TLS handshake before it,
    /// and the silence between two requests.
    pub header_timeout: Span,
    /// Longest silence within the body of a request.
    pub body_timeout: Span,
    /// How long a client may leave its answer unread.
    pub write_timeout: Span,
    /// Certificate and key; plain HTTP without.
    pub tls: Option<Tls>,
    /// `[[api.token]]`
    #[serde(
        skip_deserializing,
        rename(serialize = "token"),
        skip_serializing_if = "Vec::is_empty"
    )]
    pub tokens: Vec<Token>,
}

impl Api {
    /// The token that is given in short, with its value.
    fn in_short(&self) -> Option<Token> {
        let value = self.token.clone()?;
        Some(Token {
            name: "api.token".into(),
            scope: Scope::Write,
            file: None,
            value: Some(value),
        })
    }

    /// Every token, those that are given in short too.
    pub fn all_tokens(&self) -> Vec<Token> {
        let file = self.token_file.clone().map(|file| Token {
            name: "api.token_file".into(),
            scope: Scope::Write,
            file: Some(file),
            value: None,
        });
        self.in_short()
            .into_iter()
            .chain(file)
            .chain(self.tokens.iter().cloned())
            .collect()
    }

    /// Whether somebody without a token is refused.
    pub fn wants_token(&self) -> bool {
        self.token.is_some() || self.token_file.is_some() || !self.tokens.is_empty()
    }

    /// `http` or `https`.
    pub fn scheme(&self) -> &'static str {
        if self.tls.is_some() { "https" } else { "http" }
    }
}

impl Default for Api {
    fn default() -> Self {
        Api {
            bind: SocketAddr::from(([127, 0, 0, 1], 8787)),
            token: None,
            token_file: None,
            allow_anonymous: false,
            cors: Vec::new(),
            hosts: Vec::new(),
            body_limit: 8 * 1024 * 1024,
            rate: 1_000,
            timeout: Span::seconds(30),
            max_streams: 256,
            max_connections: 4_096,
            header_timeout: Span::seconds(10),
            body_timeout: Span::seconds(20),
            write_timeout: Span::seconds(60),
            tls: None,
            tokens: Vec::new(),
        }
    }
}

/// `[limits]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Largest record in bytes.
    pub record: usize,
    /// Deepest nesting of a record.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Self {
        let event::Limits { record, depth } = event::Limits::default();
        Limits { record, depth }
    }
}

impl Limits {
    /// As the reader takes them.
    pub fn event(&self) -> event::Limits {
        event::Limits {
            record: self.record,
            depth: self.depth,
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// For people.
    #[default]
    Text,
    /// One JSON object a line.
    Json,
}

/// `[log]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,mqtt_presence=debug`.
    pub level: String,
    /// How lines are written.
    pub format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Log {
            level: "info".into(),
            format: LogFormat::Text,
        }
    }
}

/// `[shutdown]`
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Shutdown {
    /// How long all goes on after the signal, but for readiness.
    pub notice: Span,
    /// How long what was taken in may need to reach the store.
    pub deadline: Span,
}

impl Default for Shutdown {
    fn default() -> Self {
        Shutdown {
            notice: Span::seconds(0),
            deadline: Span::seconds(10),
        }
    }
}
