//! The vectors of `tests/conformance/lists`: brokers' own lists of who is
//! connected, between their messages, and the events they mean.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads its vectors from files and stops at what it cannot read"
)]

use mqtt_presence_core::event::Event;
use mqtt_presence_core::lifecycle::{Adapter, Fields, Format, Listed, Open};
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Vector {
    format: String,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    says: String,
    steps: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum Step {
    /// A message of the broker, with the time at which it came.
    Message(Value, u64, Vec<Vec<Value>>),
    /// A list is about to be asked for.
    Watch,
    /// Its pages, and when it was asked for.
    List {
        pages: Vec<Value>,
        asked: u64,
        #[serde(default)]
        events: Vec<Vec<Value>>,
        #[serde(default)]
        doubtful: usize,
    },
    /// A page that cannot be read.
    Bad(Value, String),
}

#[test]
fn each_list_means_what_its_vector_says() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/conformance/lists");
    let mut seen = Vec::new();
    for file in std::fs::read_dir(folder).unwrap() {
        let path = file.unwrap().path();
        let vector: Vector = serde_json::from_slice(&std::fs::read(&path).unwrap())
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let format: Format = vector.format.parse().unwrap();
        seen.push(format);
        for case in vector.cases {
            run(format, case);
        }
    }
    for format in Format::ALL {
        let has = Listed::new(format).is_some();
        assert_eq!(seen.contains(&format), has, "the vectors of {format}");
    }
}

fn run(format: Format, case: Case) {
    let fields = Fields::default();
    let mut adapter = Adapter::new(format, fields.clone(), Open::default());
    for (at, step) in case.steps.into_iter().enumerate() {
        let what = format!("{format}: {}, step {}", case.says, at + 1);
        match step {
            Step::Message(payload, received, expected) => {
                let events = adapter.read("", payload.to_string().as_bytes(), received);
                assert_eq!(rows(&events.unwrap()), expected, "{what}");
            }
            Step::Watch => adapter.watch(),
            Step::List {
                pages,
                asked,
                events,
                doubtful,
            } => {
                let mut listed = Listed::new(format).unwrap();
                let last = pages.len() - 1;
                for (number, page) in pages.iter().enumerate() {
                    let more = listed.read(&fields, page.to_string().as_bytes());
                    assert_eq!(more, Ok(number < last), "{what}");
                }
                let reconciled = adapter.reconcile(listed, asked);
                assert_eq!(rows(&reconciled.events), events, "{what}");
                assert_eq!(reconciled.doubtful, doubtful, "{what}");
                let connects = events.iter().filter(|event| event[2] == "connect").count();
                assert_eq!(reconciled.opened, connects, "{what}");
                assert_eq!(reconciled.closed, events.len() - connects, "{what}");
            }
            Step::Bad(page, error) => {
                let page = match page {
                    Value::String(text) => text,
                    other => other.to_string(),
                };
                let mut listed = Listed::new(format).unwrap();
                let read = listed.read(&fields, page.as_bytes()).unwrap_err();
                assert_eq!(read.to_string(), error, "{what}");
                assert!(listed.is_empty(), "{what}");
            }
        }
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
