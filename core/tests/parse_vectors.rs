//! Runs `tests/conformance/parse`: every vector whole and in small chunks.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads its vectors from files and stops at what it cannot read"
)]

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use mqtt_presence_core::event::{Limits, Reader, Record, read_all};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Generated {
    parts: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    text: String,
    times: usize,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/parse")
}

/// Each vector's name, input and expected answer.
fn vectors() -> BTreeMap<String, (Vec<u8>, Value)> {
    let mut inputs = BTreeMap::new();
    let mut expected = BTreeMap::new();
    for entry in fs::read_dir(folder()).unwrap() {
        let path = entry.unwrap().path();
        let file = path.file_name().unwrap().to_str().unwrap();
        let (name, kind) = file.split_once('.').unwrap();
        let bytes = fs::read(&path).unwrap();
        let input = match kind {
            "expected.json" => {
                expected.insert(name.to_owned(), serde_json::from_slice(&bytes).unwrap());
                continue;
            }
            "gen.json" => generate(&bytes),
            "json" | "ndjson" | "txt" | "bin" => bytes,
            _ => panic!("{file} is no vector"),
        };
        let twice = inputs.insert(name.to_owned(), input).is_some();
        assert!(!twice, "two inputs are named {name}");
    }
    assert!(
        inputs.keys().eq(expected.keys()),
        "inputs and expected answers do not pair up"
    );
    inputs
        .into_iter()
        .zip(expected.into_values())
        .map(|((name, input), expected)| (name, (input, expected)))
        .collect()
}

fn generate(description: &[u8]) -> Vec<u8> {
    let generated: Generated = serde_json::from_slice(description).unwrap();
    let repeated = |part: &Part| part.text.repeat(part.times);
    generated
        .parts
        .iter()
        .map(repeated)
        .collect::<String>()
        .into_bytes()
}

fn read_in_chunks(input: &[u8], length: usize) -> Vec<Record> {
    let mut reader = Reader::new(Limits::default());
    let mut records = Vec::new();
    for chunk in input.chunks(length) {
        reader.push(chunk);
        records.extend(std::iter::from_fn(|| reader.next()));
    }
    reader.finish();
    records.extend(std::iter::from_fn(|| reader.next()));
    records
}

fn answer(records: &[Record]) -> Value {
    let (mut events, mut errors) = (Vec::new(), Vec::new());
    for Record { place, outcome } in records {
        let mut entry = serde_json::to_value(place).unwrap();
        match outcome {
            Ok(event) => {
                entry["clientId"] = json!(event.client_id);
                entry["channelId"] = json!(event.channel_id);
                entry["eventType"] = json!(event.kind);
                entry["time"] = json!(event.time);
                entry["clientIp"] = json!(event.client_ip);
                entry["extra"] = json!(event.extra);
                events.push(entry);
            }
            Err(rejected) => {
                entry["code"] = json!(rejected.code);
                entry["field"] = json!(rejected.field);
                entry["message"] = json!(rejected.message);
                errors.push(entry);
            }
        }
    }
    json!({ "events": events, "errors": errors })
}

#[test]
fn every_vector_gives_its_answer_however_it_is_cut() {
    let vectors = vectors();
    assert!(!vectors.is_empty(), "no vectors in {}", folder().display());
    let mut failed = Vec::new();
    for (name, (input, expected)) in &vectors {
        let whole = read_all(input, Limits::default());
        let got = answer(&whole);
        if got != *expected {
            failed.push(format!("{name}: expected {expected:#}, got {got:#}"));
        }
        for length in [1, 7, 4096] {
            if read_in_chunks(input, length) != whole {
                failed.push(format!("{name}: other records in chunks of {length}"));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}
