//! `cargo xtask test`: every check, the cheap ones first.

use std::process::Command;

use clap::{Args, ValueEnum};

use crate::step::{cargo, run};
use crate::{api, bench, binaries, package, page, place, postgres, readme, redis, rocketmq, tool};

/// Options of `cargo xtask test`.
#[derive(Args)]
pub struct TestArgs {
    /// Only these checks, in the order of the list; all of them when absent
    only: Vec<Check>,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Check {
    /// rustfmt
    Format,
    /// Licences, bans and sources of dependencies
    Deny,
    /// The alert rules, with Prometheus' own checker
    Alerts,
    /// The Dockerfile and the example for Kubernetes, with checkers of their own
    Containers,
    /// The page and its engine: build, types, units
    Page,
    /// Clippy, warnings are errors
    Lints,
    /// rustdoc, warnings are errors
    Doc,
    /// What core offers to embedders, against core/API.txt
    Api,
    /// Units, vectors, properties, real servers, end to end
    Tests,
    /// Instructions of core's hot functions, against the record
    Instructions,
    /// The page in Chromium
    Browser,
    /// The npm package at its users, and one answer on native, Node and Chromium
    Package,
    /// The commands of README.md
    Readme,
}

/// Runs the checks and stops at the first that fails.
pub fn test(args: &TestArgs) -> Result<(), String> {
    for check in Check::value_variants() {
        if args.only.is_empty() || args.only.contains(check) {
            check.run()?;
        }
    }
    Ok(())
}

impl Check {
    fn run(self) -> Result<(), String> {
        match self {
            Check::Format => run("format", &mut cargo(&["fmt", "--all", "--check"])),
            Check::Deny => run(
                "licences, bans and sources of dependencies",
                Command::new(tool::deny::cargo_deny()?)
                    .args(["check", "licenses", "bans", "sources"])
                    .current_dir(place::root()),
            ),
            Check::Alerts => run(
                "alert rules",
                Command::new(tool::promtool::promtool()?)
                    .args(["check", "rules", "docs/operations/alerts.yaml"])
                    .current_dir(place::root()),
            ),
            Check::Containers => containers(),
            Check::Page => page::test(),
            Check::Lints => lints(),
            Check::Doc => run(
                "documentation",
                cargo(&["doc", "--workspace", "--no-deps", "--locked"])
                    .env("RUSTDOCFLAGS", "--deny warnings"),
            ),
            Check::Api => api::compare(),
            Check::Tests => {
                tool::java_and_maven()?;
                redis::install()?;
                postgres::install()?;
                // For the certificates of the TLS test.
                if !tool::answers("openssl", &["version"]) {
                    tool::debian(&["openssl"])?;
                }
                tool::mosquitto()?;
                // For the clock that is off, in the tests of `doctor`.
                if !tool::answers("faketime", &["--version"]) {
                    tool::debian(&["faketime"])?;
                }
                // Not by two tests at once.
                for version in rocketmq::TESTED {
                    rocketmq::fetch(version)?;
                }
                binaries::test()
            }
            Check::Instructions => bench::instructions::compare(false),
            Check::Browser => page::browser(),
            Check::Package => package::test(),
            Check::Readme => readme::check(),
        }
    }
}

fn containers() -> Result<(), String> {
    let check = |what: &str, program: &str, arguments: &[&str]| {
        run(
            what,
            Command::new(tool::python::program(program)?)
                .args(arguments)
                .current_dir(place::root()),
        )
    };
    check("Dockerfile", "hadolint", &["Dockerfile"])?;
    let example = "docs/operations/kubernetes.yaml";
    check(
        "example for Kubernetes",
        "kubernetes-validate",
        &["--strict", example],
    )
}

fn lints() -> Result<(), String> {
    let deny = ["--", "--deny", "warnings"];
    run(
        "clippy",
        cargo(&["clippy", "--workspace", "--all-targets", "--locked"]).args(deny),
    )?;
    let mut without = cargo(&["clippy", "--package", "mqtt-presence", "--locked"]);
    without.arg("--no-default-features").args(deny);
    run("clippy without RocketMQ", &mut without)
}
