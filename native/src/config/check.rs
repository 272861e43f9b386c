//! What types alone do not say: ranges, and keys that go together.

use std::str::FromStr;

use figment::Figment;

use super::{Config, ConfigError, ConfigFault, Secret, Source, Span, StoreKind, server, token};

/// Checks ranges and keys that go together, and reads the files of secrets.
pub fn check(config: &mut Config, layers: &Figment) -> Result<(), ConfigError> {
    for (key, span) in [
        ("rule.retention", Some(config.rule.retention)),
        ("rule.lease", config.rule.lease),
        ("store.history", Some(config.store.history)),
        ("api.timeout", Some(config.api.timeout)),
        ("api.header_timeout", Some(config.api.header_timeout)),
        ("api.body_timeout", Some(config.api.body_timeout)),
        ("api.write_timeout", Some(config.api.write_timeout)),
    ] {
        if span.is_some_and(|span| span == Span::seconds(0)) {
            return Err(ConfigError::value(layers, key, "no time at all"));
        }
    }
    for (key, number, least, most) in [
        ("api.body_limit", config.api.body_limit, 1_024, 1 << 30),
        ("api.max_streams", config.api.max_streams, 1, 100_000),
        (
            "api.max_connections",
            config.api.max_connections,
            1,
            100_000,
        ),
        ("limits.record", config.limits.record, 64, 16 << 20),
        ("limits.depth", config.limits.depth, 1, 128),
        (
            "store.cache_bytes",
            config.store.cache_bytes.unwrap_or(usize::MAX),
            1 << 20,
            usize::MAX,
        ),
    ] {
        if !(least..=most).contains(&number) {
            return Err(ConfigError::value(layers, key, "out of range"));
        }
    }
    for (key, number) in [
        ("store.history_rows", config.store.history_rows),
        ("store.quarantine_rows", config.store.quarantine_rows),
        ("store.quarantine_bytes", config.store.quarantine_bytes),
    ] {
        if number == 0 {
            return Err(ConfigError::value(layers, key, "out of range"));
        }
    }
    if tracing_subscriber::EnvFilter::from_str(&config.log.level).is_err()
        || config.log.level.trim().is_empty()
    {
        return Err(ConfigError::value(
            layers,
            "log.level",
            "no level and no filter",
        ));
    }
    for origin in &config.api.cors {
        if !is_origin(origin) {
            return Err(ConfigError::value(
                layers,
                "api.cors",
                "not a list of origins",
            ));
        }
    }
    tokens(&config.api, layers)?;
    store(&mut config.store, layers)?;
    for (index, source) in config.source.iter().enumerate() {
        self::source(source, &format!("source.{index}"), layers)?;
    }
    if config
        .source
        .iter()
        .filter(|source| matches!(source, Source::Http(_)))
        .count()
        > 1
    {
        return Err(ConfigError::new(
            "several sources are of kind `http`; there is one `POST /v1/events`, so give one",
        ));
    }
    Ok(())
}

/// `scheme://host[:port]`, as browsers send it: no path, no slash at the end.
fn is_origin(text: &str) -> bool {
    text.strip_prefix("http://")
        .or_else(|| text.strip_prefix("https://"))
        .is_some_and(|host| {
            !host.is_empty()
                && host
                    .bytes()
                    .all(|byte| byte.is_ascii_graphic() && !b"/?#@*,".contains(&byte))
        })
}

/// A store on a server: its address, its password, its names there.
fn store(store: &mut super::Store, layers: &Figment) -> Result<(), ConfigError> {
    if let Some(path) = &store.password_file {
        if store.password.is_some() {
            return Err(ConfigError::new(
                "`store.password` and `store.password_file` are both given; give one",
            ));
        }
        let password =
            Secret::read(path).map_err(|reason| unreadable("store.password_file", &reason))?;
        store.password = Some(password);
    }
    // Not quoted: it may hold the password.
    match server::has_password(store.url.as_deref().unwrap_or_default()) {
        Some(false) => {}
        Some(true) => {
            return Err(ConfigError::new(
                "`store.url` holds a password, which would be shown; put it into `store.password_file` or \
                 MQTT_PRESENCE_STORE__PASSWORD",
            ));
        }
        None => {
            return Err(ConfigError::unquoted(
                layers,
                "store.url",
                "no address that a store can read",
            ));
        }
    }
    let names_a_server = matches!(store.kind, StoreKind::Redis | StoreKind::Postgres);
    if names_a_server && store.url.is_none() {
        return Err(ConfigError::missing(layers, "store.url"));
    }
    if !is_prefix(&store.prefix) {
        return Err(ConfigError::value(layers, "store.prefix", "no prefix"));
    }
    if !is_schema(&store.schema) {
        return Err(ConfigError::value(
            layers,
            "store.schema",
            "no name of a schema",
        ));
    }
    Ok(())
}

fn is_prefix(prefix: &str) -> bool {
    (1..=100).contains(&prefix.len())
        && prefix
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && !b"{}".contains(&byte))
}

fn is_schema(name: &str) -> bool {
    (1..=63).contains(&name.len())
        && name
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_')
        && !name.starts_with(|first: char| first.is_ascii_digit())
        && !name.starts_with("pg_")
}

fn tokens(api: &super::Api, layers: &Figment) -> Result<(), ConfigError> {
    if api.token.is_some() && api.token_file.is_some() {
        return Err(ConfigError::new(
            "`api.token` and `api.token_file` are both given; give one, or several `[[api.token]]`",
        ));
    }
    if let Some((index, key, reason)) = token::clash(&api.tokens) {
        return Err(ConfigError::value(
            layers,
            &format!("api.token.{index}.{key}"),
            reason,
        ));
    }
    for token in api.all_tokens() {
        token.read().map_err(|reason| match token.name.as_str() {
            "api.token" => ConfigError::value(layers, "api.token", &reason),
            "api.token_file" => unreadable("api.token_file", &reason),
            name => {
                let fault = match token.file {
                    Some(_) => ConfigFault::SecretUnreadable,
                    None => ConfigFault::Other,
                };
                let said = format!("`[[api.token]]` with the name `{name}`: {reason}");
                ConfigError::of(fault, said)
            }
        })?;
    }
    let bind = api.bind;
    if !bind.ip().is_loopback() && !api.wants_token() && !api.allow_anonymous {
        return Err(ConfigError::of(
            ConfigFault::OpenWithoutToken,
            format!(
                "`api.bind` is `{bind}`, which others can reach, and there is no token; set `api.token_file` (or \
                 MQTT_PRESENCE_API__TOKEN), bind 127.0.0.1, or say `--allow-anonymous` if anybody may read and write"
            ),
        ));
    }
    Ok(())
}

/// A secret's file is not there, or is empty.
pub(super) fn unreadable(key: &str, reason: &str) -> ConfigError {
    ConfigError::of(
        ConfigFault::SecretUnreadable,
        format!("`{key}`: {reason}; give the path of a file that this user can read"),
    )
}

/// Of a source or of a sink.
#[cfg(feature = "remoting")]
pub(super) fn remoting(
    config: &crate::source::remoting::Config,
    key: &str,
) -> Result<(), ConfigError> {
    if let Some(file) = &config.secret_key_file {
        let key = format!("{key}.secret_key_file");
        Secret::read(file).map_err(|reason| unreadable(&key, &reason))?;
    }
    config
        .check()
        .map_err(|reason| ConfigError::new(format!("`{key}`: {reason}")))
}

fn source(source: &Source, key: &str, layers: &Figment) -> Result<(), ConfigError> {
    match source {
        Source::Fleet(fleet) => {
            if !(1..=10_000_000).contains(&fleet.clients) {
                return Err(ConfigError::value(
                    layers,
                    &format!("{key}.clients"),
                    "out of range",
                ));
            }
            if !(1..=1_000_000).contains(&fleet.rate) {
                return Err(ConfigError::value(
                    layers,
                    &format!("{key}.rate"),
                    "out of range",
                ));
            }
        }
        #[cfg(feature = "remoting")]
        Source::Remoting(remoting) => {
            self::remoting(remoting, key)?;
        }
        #[cfg(feature = "grpc")]
        Source::Grpc(grpc) => {
            let checked = grpc.check();
            checked.map_err(|reason| ConfigError::new(format!("`{key}`: {reason}")))?;
        }
        _ => {}
    }
    Ok(())
}
