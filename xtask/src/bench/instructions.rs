//! How many instructions the hot functions of core execute, by callgrind:
//! unlike seconds, the same on a busy machine and an idle one.
//!
//! The record is of one compiler, the oldest that the workspace allows, and it
//! is that one which compiles here, whichever runs xtask: another compiler's
//! counts would say nothing of a change.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;

use serde_json::{Map, Value, json};

use crate::tool::compiler;
use crate::{place, step, tool};

/// What is counted; see `core/examples/instructions.rs`.
const FUNCTIONS: [&str; 5] = [
    "read-plain",
    "read-unusual",
    "join-new",
    "join-repeat",
    "survey",
];

/// By how much a count may grow before the record must say so.
const GROWTH: f64 = 0.03;

/// What libc is told, so that it copies memory in one way on every machine.
const NO_EXTRAS: &str =
    "glibc.cpu.hwcaps=-AVX512F,-AVX512VL,-AVX512BW,-AVX2,-AVX,-AVX2_Usable,-ERMS,-FSRM";

/// Counts, prints, and fails where a count grew by more than 3 % over the
/// record; with `record` writes the record anew instead.
pub(crate) fn compare(record: bool) -> Result<(), String> {
    let counts = count()?;
    let path = place::root().join("tests/bench/instructions.json");
    let name = path.display().to_string();
    if record {
        let counts: Map<String, Value> = counts
            .into_iter()
            .map(|(function, count)| (function.to_owned(), json!(count)))
            .collect();
        let text = json!({"rust": compiler::RUST, "target": target(), "instructions": counts});
        let text = serde_json::to_string_pretty(&text).map_err(|error| error.to_string())?;
        return std::fs::write(&path, text + "\n")
            .map_err(|error| format!("cannot write `{name}`: {error}"));
    }
    let text =
        std::fs::read_to_string(&path).map_err(|error| format!("cannot read `{name}`: {error}"))?;
    let recorded: Value =
        serde_json::from_str(&text).map_err(|error| format!("`{name}`: {error}"))?;
    let again = "look at it on the recorded one, or record anew with \
                 `cargo xtask bench instructions --record`";
    for (what, here) in [("rust", compiler::RUST), ("target", &target())] {
        if recorded[what] != here {
            return Err(format!(
                "`{name}` is of {what} {}, this is {here}: {again}",
                recorded[what]
            ));
        }
    }
    let mut grown = Vec::new();
    println!("| function of core | instructions | recorded | change |\n|---|---:|---:|---:|");
    for (function, count) in counts {
        let before = recorded["instructions"][function]
            .as_u64()
            .ok_or_else(|| format!("`{name}` has no count of `{function}`: record anew"))?;
        let change = count as f64 / before as f64 - 1.0;
        println!(
            "| {function} | {count} | {before} | {:+.1} % |",
            change * 100.0
        );
        if change > GROWTH {
            grown.push(function);
        }
    }
    if grown.is_empty() {
        return Ok(());
    }
    Err(format!(
        "more than {:.0} % over the record: `{}`; make it cheaper, or say so with \
         `cargo xtask bench instructions --record`",
        GROWTH * 100.0,
        grown.join("`, `")
    ))
}

fn count() -> Result<BTreeMap<&'static str, u64>, String> {
    if !tool::answers("valgrind", &["--version"]) {
        tool::debian(&["valgrind"])?;
    }
    let program = build()?;
    let mut counts = BTreeMap::new();
    for function in FUNCTIONS {
        let within = match function.split('-').next() {
            Some("join") => "*counted_join*".to_owned(),
            _ => format!("*counted_{}*", function.replace('-', "_")),
        };
        let output = Command::new("valgrind")
            .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
            .arg(format!("--toggle-collect={within}"))
            .arg(&program)
            .arg(function)
            .env("GLIBC_TUNABLES", NO_EXTRAS)
            .output()
            .map_err(|error| format!("cannot start `valgrind`: {error}"))?;
        let said = String::from_utf8_lossy(&output.stderr);
        let collected = said
            .split("Collected :")
            .nth(1)
            .and_then(|rest| rest.split_whitespace().next()?.parse::<u64>().ok())
            .filter(|count| output.status.success() && *count > 0)
            .ok_or_else(|| format!("callgrind did not count `{function}`: {said}"))?;
        counts.insert(function, collected);
    }
    Ok(counts)
}

/// The program, compiled by the recorded compiler into a folder of its own.
fn build() -> Result<PathBuf, String> {
    let folder = place::target().join("instructions");
    let example = [
        "build",
        "--release",
        "--locked",
        "--package",
        "mqtt-presence-core",
        "--example",
        "instructions",
        "--target-dir",
    ];
    let mut command = compiler::cargo(&example)?;
    command
        .arg(&folder)
        // Names are how callgrind finds a function.
        .env("CARGO_PROFILE_RELEASE_STRIP", "none")
        .env_remove("RUSTFLAGS");
    step::run(
        &format!("hot functions of core, with Rust {}", compiler::RUST),
        &mut command,
    )?;
    Ok(folder.join("release/examples/instructions"))
}

fn target() -> String {
    format!("{}-{}", std::env::consts::ARCH, std::env::consts::OS)
}
