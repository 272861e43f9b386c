//! Brokers' own lists of who is connected, between their messages.

use mqtt_presence_core::lifecycle::{Adapter, Fields, Format, Listed, Open};
use serde::Deserialize;
use serde_json::Value;

use super::{rows, text, vectors};

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
    let mut seen = Vec::new();
    for vector in vectors::<Vector>("lists") {
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
                let mut listed = Listed::new(format).unwrap();
                let read = listed.read(&fields, text(page).as_bytes()).unwrap_err();
                assert_eq!(read.to_string(), error, "{what}");
                assert!(listed.is_empty(), "{what}");
            }
        }
    }
}
