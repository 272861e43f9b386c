//! The vectors of `tests/conformance/lifecycle` and `lists`: what brokers say,
//! and the events that they mean.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads its vectors from files and stops at what it cannot read"
)]

use std::path::Path;

use mqtt_presence_core::event::Event;
use serde::de::DeserializeOwned;
use serde_json::Value;

mod lists;
mod messages;

/// Every vector of a folder of `tests/conformance`.
fn vectors<T: DeserializeOwned>(folder: &str) -> Vec<T> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../tests/conformance")
        .join(folder);
    let files = std::fs::read_dir(folder).unwrap();
    files
        .map(|file| {
            let path = file.unwrap().path();
            serde_json::from_slice(&std::fs::read(&path).unwrap())
                .unwrap_or_else(|error| panic!("{}: {error}", path.display()))
        })
        .collect()
}

/// A string as it is, anything else as its JSON.
fn text(value: Value) -> String {
    match value {
        Value::String(text) => text,
        other => other.to_string(),
    }
}

fn rows(events: &[Event]) -> Vec<Vec<Value>> {
    events.iter().map(row).collect()
}

fn row(event: &Event) -> Vec<Value> {
    let extra: Value = serde_json::from_str(event.extra.as_deref().unwrap()).unwrap();
    let why = extra.get("reason").or(extra.get("remark")).cloned();
    vec![
        event.client_id.clone().into(),
        event.channel_id.clone().into(),
        event.kind.as_str().into(),
        event.time.into(),
        event.client_ip.clone().into(),
        why.unwrap_or_default(),
    ]
}
