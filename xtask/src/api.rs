//! `cargo xtask api`: what `mqtt-presence-core` offers to those who embed it,
//! as a list that a change of it has to change too: a line that goes or turns
//! into another is a breaking change.

use std::fs;

use clap::Args;
use public_api::Builder;

use crate::tool::compiler;
use crate::{place, step};

/// Options of `cargo xtask api`.
#[derive(Args)]
pub struct ApiArgs {
    /// Write core/API.txt anew instead of comparing with it
    #[arg(long)]
    record: bool,
}

/// Compares, or records.
pub fn run_with(args: &ApiArgs) -> Result<(), String> {
    match args.record {
        true => record(),
        false => compare(),
    }
}

fn record() -> Result<(), String> {
    let path = path();
    fs::write(&path, listing()?)
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

/// Fails where the API is not the one of core/API.txt.
pub(crate) fn compare() -> Result<(), String> {
    let path = path();
    let recorded = fs::read_to_string(&path)
        .map_err(|error| format!("cannot read `{}`: {error}", path.display()))?;
    let listing = listing()?;
    let only = |of: &str, other: &str, sign: &str| -> Vec<String> {
        of.lines()
            .filter(|line| !other.lines().any(|known| known == *line))
            .map(|line| format!("{sign} {line}"))
            .collect()
    };
    let mut changes = only(&recorded, &listing, "-");
    changes.extend(only(&listing, &recorded, "+"));
    if changes.is_empty() {
        return Ok(());
    }
    Err(format!(
        "the API of core is not that of core/API.txt; lines with `-` break those who use them, \
         `cargo xtask api --record` records it:\n{}",
        changes.join("\n")
    ))
}

fn path() -> std::path::PathBuf {
    place::root().join("core").join("API.txt")
}

fn listing() -> Result<String, String> {
    let folder = place::target().join("api");
    step::run(
        "API of core",
        compiler::cargo(&[
            "rustdoc",
            "--locked",
            "--package",
            "mqtt-presence-core",
            "--lib",
        ])?
        .arg("--target-dir")
        .arg(&folder)
        .args(["--", "-Zunstable-options", "--output-format=json"])
        // rustdoc's JSON is not stable; the compiler is always the same.
        .env("RUSTC_BOOTSTRAP", "1"),
    )?;
    let api = Builder::from_rustdoc_json(folder.join("doc/mqtt_presence_core.json"))
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build()
        .map_err(|error| format!("the API of core cannot be listed: {error}"))?;
    Ok(api.items().map(|item| format!("{item}\n")).collect())
}
