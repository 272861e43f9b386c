//! `cargo xtask page`: the engine to WebAssembly, and the page around it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::SystemTime;

use clap::Args;

use crate::step::{cargo, run};
use crate::{place, tool};

const PACKAGE: &str = "mqtt-presence-wasm";

/// What the engine may weigh, gzipped.
const MOST: usize = 200_000;

/// Options of `cargo xtask page`.
#[derive(Args, Default)]
pub struct PageArgs {
    /// Only the engine, into web/src/engine/pkg
    #[arg(long)]
    engine: bool,
}

/// Builds the page.
pub fn page(args: &PageArgs) -> Result<(), String> {
    packages(&web())?;
    engine()?;
    if !args.engine {
        // Not into `dist` itself: a page that is the same must not look new to
        // cargo, which embeds it.
        let built = place::target().join("page");
        run(
            "page",
            npm(&["run", "build", "--", "--emptyOutDir", "--outDir"]).arg(&built),
        )?;
        place::mirror(&built, &web().join("dist"))?;
    }
    Ok(())
}

/// Builds the page, and tries what of it needs no browser.
pub fn test() -> Result<(), String> {
    page(&PageArgs::default())?;
    run("types of the page", &mut npm(&["run", "check"]))?;
    run("units of the page", &mut npm(&["test"]))
}

/// The built page in Chromium, and over the service that the tests built.
pub fn browser() -> Result<(), String> {
    packages(&web())?;
    tool::chromium()?;
    run(
        "the page in Chromium",
        Command::new("node")
            .args(["--test", "tests/page/"])
            .current_dir(place::root()),
    )
}

/// Measures the page in Chromium, on recordings that this binary generates.
pub fn bench(mqtt_presence: &Path) -> Result<(), String> {
    page(&PageArgs::default())?;
    tool::chromium()?;
    run(
        "budgets of the page",
        Command::new("node")
            .arg("tests/page/bench.mjs")
            .env("MQTT_PRESENCE_BIN", mqtt_presence)
            .current_dir(place::root()),
    )
}

fn web() -> PathBuf {
    place::root().join("web")
}

fn npm(arguments: &[&str]) -> Command {
    let mut command = Command::new("npm");
    command.args(arguments).current_dir(web());
    command
}

/// Installs what a project's package-lock.json names, unless that is what is there.
pub(crate) fn packages(project: &Path) -> Result<(), String> {
    if !tool::answers("npm", &["--version"]) {
        tool::debian(&["nodejs", "npm"])?;
    }
    let changed = |path: &Path| -> Option<SystemTime> { fs::metadata(path).ok()?.modified().ok() };
    let wanted = changed(&project.join("package-lock.json"));
    let installed = changed(&project.join("node_modules/.package-lock.json"));
    if installed.is_some() && installed >= wanted {
        return Ok(());
    }
    run(
        &format!("packages of `{}`", project.display()),
        npm(&["ci", "--no-audit", "--no-fund"]).current_dir(project),
    )
}

fn engine() -> Result<(), String> {
    place::mirror(&bound("page", &web())?, &web().join("src/engine/pkg"))
}

/// The engine with one of its features, `page` or `package`: compiled, bound
/// to JavaScript, made small with the wasm-opt of an npm project; the folder
/// that it is in.
pub(crate) fn bound(feature: &str, tools: &Path) -> Result<PathBuf, String> {
    let (mut build, with) = tool::wasm::build(PACKAGE, "web")?;
    run(
        &format!("engine for wasm32, with {with}"),
        build
            .command
            .args(["--no-default-features", "--features", feature]),
    )?;
    let glued = place::target().join("wasm").join(feature);
    place::fresh(&glued)?;
    let file = build.folder.join(PACKAGE.replace('-', "_") + ".wasm");
    run(
        "JavaScript around the engine",
        cargo(&[
            "run",
            "--quiet",
            "--locked",
            "--package",
            "mqtt-presence-glue",
            "--",
        ])
        .arg(&file)
        .arg(&glued),
    )?;
    let wasm = glued.join(PACKAGE.replace('-', "_") + "_bg.wasm");
    run(
        "wasm-opt",
        Command::new("npx")
            .args([
                "--no-install",
                "wasm-opt",
                "-O3",
                "--strip-debug",
                "--strip-producers",
            ])
            .args(FEATURES)
            .arg(&wasm)
            .arg("--output")
            .arg(&wasm)
            .current_dir(tools),
    )?;
    weigh(&wasm)?;
    Ok(glued)
}

/// What rustc lets LLVM use by itself, and the SIMD of .cargo/config.toml.
const FEATURES: [&str; 7] = [
    "--enable-simd",
    "--enable-bulk-memory",
    "--enable-bulk-memory-opt",
    "--enable-mutable-globals",
    "--enable-nontrapping-float-to-int",
    "--enable-reference-types",
    "--enable-sign-ext",
];

fn weigh(wasm: &Path) -> Result<(), String> {
    let bytes = gzipped(wasm)?;
    println!("the engine has {bytes} bytes gzipped, at most {MOST} are allowed");
    if bytes > MOST {
        return Err(format!(
            "the engine has {bytes} bytes gzipped, more than {MOST}"
        ));
    }
    Ok(())
}

fn gzipped(file: &Path) -> Result<usize, String> {
    let said = |error: std::io::Error| format!("cannot gzip `{}`: {error}", file.display());
    let output = Command::new("gzip")
        .args(["-9", "--stdout"])
        .arg(file)
        .stdin(Stdio::null())
        .output()
        .map_err(said)?;
    if output.status.success() {
        Ok(output.stdout.len())
    } else {
        Err(format!(
            "cannot gzip `{}`: {}",
            file.display(),
            output.status
        ))
    }
}
