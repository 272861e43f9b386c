//! Runs the vectors of `tests/conformance/replay`; their README says how.
#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    reason = "a test reads its vectors from files, stops at what it cannot read, and fills shards as the command does"
)]

use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

use mqtt_presence_core::event::Limits;
use mqtt_presence_core::replay::{Input, Merged, Replay, Shape};
use proptest::prelude::*;

#[path = "../../tests/conformance/options.rs"]
mod options;

use options::VectorOptions;

fn options(folder: &Path) -> VectorOptions {
    match fs::read(folder.join("options.json")) {
        Ok(bytes) => serde_json::from_slice(&bytes).unwrap(),
        Err(_) => VectorOptions::default(),
    }
}

fn vectors() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/conformance/replay");
    let mut folders: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    folders.sort();
    folders
}

/// The input files of a vector, with their names.
fn inputs(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut files: Vec<(String, Vec<u8>)> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| (entry.file_name().into_string().unwrap(), entry.path()))
        .filter(|(name, _)| name.starts_with("input."))
        .map(|(name, path)| (name, fs::read(path).unwrap()))
        .collect();
    files.sort();
    files
}

fn fill(mut replay: Replay, files: &[(String, Vec<u8>)], chunk: usize) -> Replay {
    let mut input = Input::new(Limits::default(), Shape::Detected);
    for (name, bytes) in files {
        input.begin(&mut replay, name).unwrap();
        for chunk in bytes.chunks(chunk) {
            input.push(&mut replay, chunk).unwrap();
        }
        input.finish(&mut replay).unwrap();
    }
    replay
}

fn answer(files: &[(String, Vec<u8>)], options: &VectorOptions, chunk: usize) -> String {
    let replay = fill(Replay::new(options.replay()), files, chunk);
    let report = replay.report(options.view());
    serde_json::to_string(&report).unwrap() + "\n"
}

/// The same by one shard for each of `chunks`, on a thread of its own.
fn divided(files: &[(String, Vec<u8>)], options: &VectorOptions, chunks: &[usize]) -> String {
    let shard = |(number, chunk): (u32, &usize)| {
        let shard = Replay::shard(options.replay(), number, chunks.len() as u32);
        fill(shard, files, *chunk)
    };
    let shards: Vec<Replay> = thread::scope(|scope| {
        let begin = |shard_of| scope.spawn(move || shard(shard_of));
        let threads: Vec<_> = (0..).zip(chunks).map(begin).collect();
        let filled = threads.into_iter().map(|thread| thread.join().unwrap());
        filled.collect()
    });
    let reports = shards.iter().map(|shard| shard.report(options.view()));
    let reports: Vec<_> = reports.collect();
    serde_json::to_string(&Merged::new(&reports)).unwrap() + "\n"
}

#[test]
fn every_vector_gives_its_bytes_in_chunks_of_any_size() {
    let vectors = vectors();
    assert!(vectors.len() >= 40, "only {} vectors found", vectors.len());
    let mut failed = Vec::new();
    for folder in &vectors {
        let name = folder.file_name().unwrap().to_string_lossy();
        let files = inputs(folder);
        assert!(!files.is_empty(), "{name} has no input");
        let options = options(folder);
        let expected = fs::read_to_string(folder.join("expected.json")).unwrap();
        for chunk in [1, 7, 4_096] {
            let given = answer(&files, &options, chunk);
            if given != expected {
                failed.push(format!(
                    "{name}, chunks of {chunk}:\n  expected {expected}  given    {given}"
                ));
            }
        }
    }
    assert!(failed.is_empty(), "{}", failed.join("\n"));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 24, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_vector_gives_its_bytes_however_it_is_divided(chunks in prop::collection::vec(prop_oneof![1..16_usize, 16..5_000_usize], 1..9)) {
        for folder in vectors() {
            let expected = fs::read_to_string(folder.join("expected.json")).unwrap();
            let given = divided(&inputs(&folder), &options(&folder), &chunks);
            prop_assert_eq!(given, expected, "{}", folder.display());
        }
    }
}
