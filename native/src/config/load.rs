//! From the layers to a checked [`Config`].

use std::path::{Path, PathBuf};

use figment::Figment;
use figment::providers::{Format, Toml};
use figment::value::{Dict, Value};
use serde::de::DeserializeOwned;

use super::allowed::is_secret;
use super::layers::{File, Part, Single, TABLES, TOKENS};
use super::secret::REDACTED;
use super::sink::{Sink, sink};
use super::source::{Fleet, Http, Source};
use super::{Api, Config, ConfigError, check};

/// The sections, in the order of the documentation.
const SECTIONS: &[&str] = &[
    "rule", "store", "api", "source", "sink", "limits", "log", "shutdown",
];
/// What environment variables of the service begin with.
const PREFIX: &str = "MQTT_PRESENCE_";

/// Where the configuration comes from.
#[derive(Clone, Debug, Default)]
pub struct Input {
    /// The TOML file; it must exist.
    pub file: Option<PathBuf>,
    /// Environment variables, all of them or some.
    pub environment: Vec<(String, String)>,
    /// Flags: name as given, key, value.
    pub flags: Vec<(String, String, String)>,
}

/// Reads, layers and checks.
///
/// # Errors
/// One sentence that names the file, variable or flag, the key, what is wrong
/// and what is allowed.
pub fn load(input: &Input) -> Result<Config, ConfigError> {
    let layers = layer(input)?;
    let mut config = Config {
        rule: section(&layers, "rule")?,
        store: section(&layers, "store")?,
        api: api(&layers)?,
        source: sources(&layers)?,
        given: given(&layers, "source")
            .unwrap_or_else(|| vec![Dict::from([("kind".into(), Value::from("http"))])]),
        sink: sinks(&layers)?,
        given_sinks: given(&layers, "sink").unwrap_or_default(),
        limits: section(&layers, "limits")?,
        log: section(&layers, "log")?,
        shutdown: section(&layers, "shutdown")?,
    };
    check::check(&mut config, &layers)?;
    Ok(config)
}

fn layer(input: &Input) -> Result<Figment, ConfigError> {
    let mut layers = Figment::new();
    if let Some(path) = &input.file {
        layers = layers.merge(File {
            path: path.clone(),
            content: read(path)?,
        });
    }
    for (name, value) in &input.environment {
        if let Some(key) = variable(name)? {
            layers = layers.merge(Single {
                key,
                value: value.clone(),
                from: name.clone(),
            });
        }
    }
    for (flag, key, value) in &input.flags {
        layers = layers.merge(Single {
            key: key.clone(),
            value: value.clone(),
            from: flag.clone(),
        });
    }
    let all: Dict = layers
        .extract()
        .map_err(|error| ConfigError::figment(&layers, "", &error))?;
    for (name, value) in &all {
        if !SECTIONS.contains(&name.as_str()) {
            return Err(ConfigError::unknown(&layers, name, SECTIONS));
        }
        if value.as_dict().is_none() {
            let reason = if TABLES.contains(&name.as_str()) {
                &format!("no `[[{name}]]` table")
            } else {
                "no section; write `[section]`"
            };
            return Err(ConfigError::value(&layers, name, reason));
        }
    }
    Ok(layers)
}

fn read(path: &Path) -> Result<Dict, ConfigError> {
    let shown = path.display();
    let text = std::fs::read_to_string(path).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => ConfigError::new(format!(
            "`{shown}`: there is no such file; give the path of a TOML file, or leave `--config` out"
        )),
        _ => ConfigError::new(format!("`{shown}` cannot be read: {error}")),
    })?;
    let content: Dict = Toml::from_str(&text).map_err(|error| syntax(path, &error.to_string()))?;
    let api = content.get("api").and_then(Value::as_dict);
    let tables = TABLES.iter().map(|name| (*name, content.get(*name)));
    let tokens = ("api.token", api.and_then(|api| api.get("token")));
    for (name, value) in tables.chain([tokens]) {
        if matches!(value, Some(Value::Dict(..))) {
            return Err(ConfigError::new(format!(
                "`{shown}`: write `[[{name}]]`, in two brackets: there may be several"
            )));
        }
    }
    Ok(content)
}

/// The parser's message without its excerpt, which may hold a secret.
fn syntax(path: &Path, message: &str) -> ConfigError {
    let mut lines = message.lines().filter(|line| !line.trim().is_empty());
    let first = lines
        .next()
        .unwrap_or("not TOML")
        .replace("TOML parse error at ", "");
    let last = lines.next_back().unwrap_or("not TOML");
    ConfigError::new(format!("`{}`: {first}: {last}", path.display()))
}

/// The key that a variable sets, `None` when it is none of ours. Names with a
/// single underscore are left alone: Kubernetes sets `MQTT_PRESENCE_PORT` and
/// its like for a service of this name.
fn variable(name: &str) -> Result<Option<String>, ConfigError> {
    let Some(rest) = name.strip_prefix(PREFIX) else {
        return Ok(None);
    };
    let rest = rest.to_ascii_lowercase();
    if rest.contains("__") {
        return Ok(Some(rest.replace("__", ".")));
    }
    match SECTIONS
        .iter()
        .find(|section| rest.starts_with(&format!("{section}_")))
    {
        Some(section) => Err(ConfigError::new(format!(
            "{name}: after the section come two underscores: {PREFIX}{}__{}",
            section.to_ascii_uppercase(),
            rest[section.len() + 1..].to_ascii_uppercase()
        ))),
        None => Ok(None),
    }
}

fn section<T: DeserializeOwned + Default>(layers: &Figment, name: &str) -> Result<T, ConfigError> {
    match layers.find_value(name) {
        Ok(Value::Dict(_, table)) => part(layers, name, table),
        _ => Ok(T::default()),
    }
}

fn sources(layers: &Figment) -> Result<Vec<Source>, ConfigError> {
    let Some(tables) = tables(layers, "source")? else {
        return Ok(vec![Source::Http(Http {})]);
    };
    tables
        .into_iter()
        .map(|(key, table)| source(layers, &key, table))
        .collect()
}

fn sinks(layers: &Figment) -> Result<Vec<Sink>, ConfigError> {
    let tables = tables(layers, "sink")?.unwrap_or_default();
    let mut sinks: Vec<Sink> = Vec::with_capacity(tables.len());
    for (key, table) in tables {
        let sink = sink(layers, &key, table)?;
        if sinks.iter().any(|other| other.name == sink.name) {
            return Err(ConfigError::new(format!(
                "two sinks are called `{}`; the name tells their places apart",
                sink.name
            )));
        }
        sinks.push(sink);
    }
    Ok(sinks)
}

/// The tables of a section of which there may be several, in order, each with
/// its key; `None` where there is none.
fn tables(layers: &Figment, name: &str) -> Result<Option<Vec<(String, Value)>>, ConfigError> {
    match layers.find_value(name) {
        Ok(Value::Dict(_, tables)) => numbered(layers, name, tables).map(Some),
        _ => Ok(None),
    }
}

/// `[api]`, whose `token` is text and, as `[[api.token]]`, tables.
fn api(layers: &Figment) -> Result<Api, ConfigError> {
    let Ok(Value::Dict(_, mut table)) = layers.find_value("api") else {
        return Ok(Api::default());
    };
    let tables = match table.get(TOKENS) {
        Some(Value::Dict(..)) => table.remove(TOKENS).and_then(Value::into_dict),
        _ => None,
    };
    let mut api: Api = part(layers, "api", table)?;
    for (key, table) in numbered(layers, "api.token", tables.unwrap_or_default())? {
        let Some(table) = table.into_dict() else {
            return Err(ConfigError::value(layers, &key, "no `[[api.token]]` table"));
        };
        api.tokens.push(part(layers, &key, table)?);
    }
    Ok(api)
}

/// Tables by their number, as `source.0`.
fn numbered(
    layers: &Figment,
    name: &str,
    tables: Dict,
) -> Result<Vec<(String, Value)>, ConfigError> {
    let mut numbered = Vec::with_capacity(tables.len());
    for (number, table) in tables {
        let key = format!("{name}.{number}");
        let Ok(index) = number.parse::<usize>() else {
            let reason = format!("no number of a table, such as `{name}.0`");
            return Err(ConfigError::value(layers, &key, &reason));
        };
        numbered.push((index, key, table));
    }
    numbered.sort_by_key(|(index, ..)| *index);
    Ok(numbered
        .into_iter()
        .map(|(_, key, table)| (key, table))
        .collect())
}

/// The tables in order, secrets redacted.
fn given(layers: &Figment, name: &str) -> Option<Vec<Dict>> {
    let tables = tables(layers, name).ok()??;
    let mut tables: Vec<Dict> = tables
        .into_iter()
        .filter_map(|(_, table)| table.into_dict())
        .collect();
    for (key, value) in tables.iter_mut().flatten() {
        if is_secret(key) {
            *value = Value::from(REDACTED);
        }
    }
    Some(tables)
}

fn source(layers: &Figment, key: &str, table: Value) -> Result<Source, ConfigError> {
    let Some(mut table) = table.into_dict() else {
        return Err(ConfigError::value(layers, key, "no `[[source]]` table"));
    };
    let kind_key = format!("{key}.kind");
    let Some(kind) = table.remove("kind") else {
        return Err(ConfigError::missing(layers, &kind_key));
    };
    match kind.as_str() {
        #[cfg(feature = "remoting")]
        Some("remoting") => part(layers, key, table).map(|part| Source::Remoting(Box::new(part))),
        #[cfg(feature = "grpc")]
        Some("grpc") => {
            read_secret(key, &mut table)?;
            part(layers, key, table).map(|part| Source::Grpc(Box::new(part)))
        }
        Some("http") => part(layers, key, table).map(Source::Http),
        Some("file") => part(layers, key, table).map(Source::File),
        Some("fleet") => part::<Fleet>(layers, key, table).map(Source::Fleet),
        #[cfg(not(all(feature = "remoting", feature = "grpc")))]
        Some(kind @ ("remoting" | "grpc")) => Err(ConfigError::value(
            layers,
            &kind_key,
            &format!("not in this build, which lacks the cargo feature `{kind}`"),
        )),
        _ => Err(ConfigError::value(layers, &kind_key, "no kind of source")),
    }
}

/// Puts the content of `secret_key_file` in the place of `secret_key`.
#[cfg(feature = "grpc")]
fn read_secret(key: &str, table: &mut Dict) -> Result<(), ConfigError> {
    let Some(path) = table.remove("secret_key_file") else {
        return Ok(());
    };
    if table.contains_key("secret_key") {
        return Err(ConfigError::new(format!(
            "`{key}.secret_key` and `{key}.secret_key_file` are both given; give one"
        )));
    }
    let path = path.into_string().unwrap_or_default();
    let secret = super::Secret::read(Path::new(&path))
        .map_err(|reason| check::unreadable(&format!("{key}.secret_key_file"), &reason))?;
    table.insert("secret_key".into(), Value::from(secret.expose()));
    Ok(())
}

pub(super) fn part<T: DeserializeOwned>(
    layers: &Figment,
    key: &str,
    table: Dict,
) -> Result<T, ConfigError> {
    Figment::from(Part(table))
        .extract_lossy()
        .map_err(|error| ConfigError::figment(layers, key, &error))
}
