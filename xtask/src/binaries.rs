//! The binaries of all tests: built by one `cargo test`, and run side by side.

use std::collections::VecDeque;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Instant;

use crate::step::{cargo, run};

/// Keeps a small machine busy by itself: only what starts no RocketMQ goes
/// beside it.
const LARGE: &str = "e2e";
/// They take minutes, and wait through half of them for servers and faults.
const LONG: [&str; 6] = [
    "remoting",
    "grpc",
    "store_conformance",
    "bridge",
    "doctor",
    "rocketmq",
];

/// A test target, built.
struct Binary {
    name: String,
    executable: PathBuf,
    /// Its package's, which `cargo test` would start it in.
    folder: PathBuf,
}

/// Builds and runs every test of the workspace; fails with the names of the
/// targets that failed.
pub fn test() -> Result<(), String> {
    let binaries = build()?;
    if binaries.is_empty() {
        return Err("`cargo test` built no test".into());
    }
    let place = |binary: &Binary| LONG.iter().position(|name| *name == binary.name);
    let (mut long, mut others): (Vec<_>, Vec<_>) = binaries
        .into_iter()
        .partition(|binary| place(binary).is_some());
    long.sort_by_key(place);
    others.sort_by_key(|binary| binary.name != LARGE);
    let failed = [side_by_side(others), side_by_side(long)].concat();
    if !failed.is_empty() {
        return Err(failed.join("; "));
    }
    run(
        "tests in the documentation",
        &mut cargo(&["test", "--workspace", "--locked", "--doc"]),
    )
}

/// Runs as many at once as there are cores, in this order; what failed.
fn side_by_side(binaries: Vec<Binary>) -> Vec<String> {
    let waiting = Mutex::new(VecDeque::from(binaries));
    let failed = Mutex::new(Vec::new());
    let next = || lock(&waiting).pop_front();
    let at_once = thread::available_parallelism().map_or(1, usize::from);
    thread::scope(|scope| {
        for _ in 0..at_once {
            scope.spawn(|| {
                while let Some(binary) = next() {
                    if let Err(error) = binary.test() {
                        lock(&failed).push(error);
                    }
                }
            });
        }
    });
    failed.into_inner().unwrap_or_else(PoisonError::into_inner)
}

/// Builds all test targets as `cargo test` does.
fn build() -> Result<Vec<Binary>, String> {
    println!("\n==> build the tests");
    let began = Instant::now();
    let output = cargo(&["test", "--workspace", "--locked", "--no-run"])
        .arg("--message-format=json-render-diagnostics")
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot start `cargo test`: {error}"))?;
    if !output.status.success() {
        return Err(format!(
            "`cargo test --no-run` ended with {}",
            output.status
        ));
    }
    let binaries = String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(Binary::built)
        .collect();
    println!(
        "==> build the tests: ok in {:.0} s",
        began.elapsed().as_secs_f32()
    );
    Ok(binaries)
}

impl Binary {
    /// What one of cargo's messages says of a test that was built, if it does.
    fn built(message: &str) -> Option<Binary> {
        let message: serde_json::Value = serde_json::from_str(message).ok()?;
        if message["profile"]["test"] != true {
            return None;
        }
        let path = |value: &serde_json::Value| Some(PathBuf::from(value.as_str()?));
        Some(Binary {
            name: message["target"]["name"].as_str()?.to_owned(),
            executable: path(&message["executable"])?,
            folder: path(&message["manifest_path"])?.parent()?.to_owned(),
        })
    }

    /// Runs it to its end, and prints what it said in one piece.
    fn test(&self) -> Result<(), String> {
        println!("\n==> {}: begins", self.name);
        let began = Instant::now();
        let output = Command::new(&self.executable)
            .current_dir(&self.folder)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| format!("cannot start `{}`: {error}", self.executable.display()))?;
        let said = [&output.stdout, &output.stderr].map(|text| String::from_utf8_lossy(text));
        let seconds = began.elapsed().as_secs_f32();
        println!(
            "\n{}{}==> {}: {} after {seconds:.0} s",
            said[0], said[1], self.name, output.status
        );
        match output.status.success() {
            true => Ok(()),
            false => Err(format!("tests of {}: {}", self.name, output.status)),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
