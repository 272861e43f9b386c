//! A toolchain that builds for wasm32-unknown-unknown: the first of three that works.

use std::path::PathBuf;
use std::process::Command;

use crate::tool::{answers, debian};
use crate::{place, step};

/// A build and where it puts its files.
pub struct Build {
    /// Not started yet.
    pub command: Command,
    /// The folder of the profile.
    pub folder: PathBuf,
}

const TARGET: &str = "wasm32-unknown-unknown";

/// Debian's compiler for the web, with the sources of its standard library.
const PACKAGES: [&str; 5] = [
    "rustc-web",
    "cargo-web",
    "rust-web-src",
    "rust-web-llvm",
    "lld-22",
];

/// A `cargo build` for wasm32 of one package, and a word on what builds it.
pub fn build(package: &str, profile: &str) -> Result<(Build, &'static str), String> {
    let installed = || {
        Command::new("rustup")
            .args(["target", "list", "--installed"])
            .output()
            .is_ok_and(|output| {
                String::from_utf8_lossy(&output.stdout)
                    .lines()
                    .any(|line| line == TARGET)
            })
    };
    if installed() {
        return Ok((with_rustup(package, profile), "the installed rustup target"));
    }
    // A machine without its server waits here until rustup gives up: bounded.
    if answers("timeout", &["120", "rustup", "target", "add", TARGET]) && installed() {
        return Ok((with_rustup(package, profile), "a rustup target added now"));
    }
    if !answers("/usr/bin/rustc", &["--version"]) || !answers("/usr/bin/cargo", &["--version"]) {
        debian(&PACKAGES)?;
    }
    Ok((with_debian(package, profile), "Debian's rustc-web"))
}

/// What both toolchains are told.
fn arguments<'a>(package: &'a str, profile: &'a str) -> [&'a str; 8] {
    [
        "build",
        "--locked",
        "--profile",
        profile,
        "--target",
        TARGET,
        "--package",
        package,
    ]
}

fn with_rustup(package: &str, profile: &str) -> Build {
    Build {
        command: step::cargo(&arguments(package, profile)),
        folder: place::target().join(TARGET).join(profile),
    }
}

fn with_debian(package: &str, profile: &str) -> Build {
    let target = place::target().join("wasm-debian");
    let mut command = Command::new("/usr/bin/cargo");
    command
        .args(arguments(package, profile))
        .args(["-Zbuild-std=std,panic_abort", "--target-dir"])
        .arg(&target)
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        // Set by rustup's proxy for the commands below it; another toolchain's.
        .env_remove("RUSTUP_TOOLCHAIN")
        .env_remove("CARGO")
        .current_dir(place::root());
    Build {
        command,
        folder: target.join(TARGET).join(profile),
    }
}
