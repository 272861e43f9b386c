//! `cargo xtask package`: the npm package, ready to be packed.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use clap::Args;

use crate::step::run;
use crate::{conformance, page, place, tool as tools};

/// The engine as wasm-bindgen names it, and as the package does.
const GLUE: &str = "mqtt_presence_wasm";
const WASM: &str = "mqtt_presence.wasm";

/// What users import, start or run.
const ENTRIES: [&str; 5] = [
    "src/browser.ts",
    "src/node.ts",
    "src/worker.ts",
    "src/worker-node.ts",
    "src/cli.ts",
];

/// What a module calls `import.meta.url`, in CommonJS.
const HERE: &str = "const here = require('node:url').pathToFileURL(__filename).href;";

/// A place for the sources, to see that the package names the one it is given.
const SOMEWHERE: &str = "https://git.example/mqtt-presence";

/// The project of the package: its sources and its tools.
pub(crate) fn project() -> PathBuf {
    place::root().join("wasm").join("package")
}

/// Where the built package is.
pub fn folder() -> PathBuf {
    place::target().join("package").join("mqtt-presence")
}

/// Options of `cargo xtask package`.
#[derive(Args)]
pub struct PackageArgs {
    /// Also try it, packed and installed, and compare its answers with native's
    #[arg(long)]
    test: bool,

    /// Where its sources are published; npm shows it, and asks for it before it vouches for where a package was built
    #[arg(long, value_name = "URL")]
    repository: Option<String>,
}

/// Builds the package, and tries it where that is asked for.
pub fn run_with(args: &PackageArgs) -> Result<(), String> {
    match args.test {
        true => test(),
        false => package(args.repository.as_deref()),
    }
}

/// Builds the package into [`folder`]; `repository` is where its sources are published.
pub fn package(repository: Option<&str>) -> Result<(), String> {
    let project = project();
    page::packages(&project)?;
    let engine = page::bound("package", &project)?;
    // The sources are checked against the types that the glue comes with.
    let glue = project.join("src").join("glue");
    make(&glue)?;
    for ending in ["js", "d.ts"] {
        let name = format!("{GLUE}.{ending}");
        copy(&engine.join(&name), &glue.join(&name))?;
    }
    let built = folder();
    place::fresh(&built)?;
    let dist = built.join("dist");
    let (esm, cjs) = (dist.join("esm"), dist.join("cjs"));
    run("package: types", tool("tsc").arg("--outDir").arg(&esm))?;
    run(
        "package: modules",
        bundle()
            .args(ENTRIES)
            .args(["--format=esm", "--splitting", "--chunk-names=shared-[hash]"])
            .arg(format!("--outdir={}", esm.display())),
    )?;
    run(
        "package: CommonJS",
        bundle()
            .args(["src/node.ts", "src/worker-node.ts", "--format=cjs"])
            .arg(format!("--banner:js={HERE}"))
            .arg("--define:import.meta.url=here")
            .arg(format!("--outdir={}", cjs.display())),
    )?;
    copy_types(&esm, &cjs)?;
    write(&cjs.join("package.json"), "{\"type\":\"commonjs\"}\n")?;
    // For resolvers that know no `exports`.
    make(&built.join("worker"))?;
    write(
        &built.join("worker").join("package.json"),
        "{\"main\":\"../dist/cjs/worker-node.js\",\"types\":\"../dist/cjs/worker-node.d.ts\"}\n",
    )?;
    copy(&engine.join(format!("{GLUE}_bg.wasm")), &dist.join(WASM))?;
    copy(
        &place::root().join("wasm/README.md"),
        &built.join("README.md"),
    )?;
    copy(&place::root().join("LICENSE"), &built.join("LICENSE"))?;
    describe(&built, repository)?;
    println!("\nThe package is in `{}`", built.display());
    Ok(())
}

/// Builds the package, tries it packed and installed, and compares its answers
/// with native's.
pub fn test() -> Result<(), String> {
    package(Some(SOMEWHERE))?;
    tools::chromium()?;
    run(
        "package: its users, its README",
        Command::new("node")
            .args(["--test", "--test-concurrency=1", "--test-reporter=spec"])
            .args([
                "tests/package/consumers.test.mjs",
                "tests/package/readme.test.mjs",
                "tests/package/calls.test.mjs",
            ])
            .env("MQTT_PRESENCE_PACKAGE", folder())
            .env("MQTT_PRESENCE_REPOSITORY", SOMEWHERE)
            .current_dir(place::root()),
    )?;
    conformance::compare(&conformance::ConformanceArgs::default())
}

/// Few files, because each takes its time when a process starts.
fn bundle() -> Command {
    let mut command = tool("esbuild");
    command.args([
        "--bundle",
        "--platform=node",
        "--target=es2022",
        "--log-level=warning",
    ]);
    command
}

fn tool(name: &str) -> Command {
    let mut command = Command::new("npx");
    command.args(["--no-install", name]).current_dir(project());
    command
}

/// The package.json that is published: without what only building needs.
fn describe(built: &Path, repository: Option<&str>) -> Result<(), String> {
    let path = project().join("package.json");
    let text = read(&path)?;
    let package: serde_json::Value =
        serde_json::from_str(&text).map_err(|error| format!("`{}`: {error}", path.display()))?;
    let version = env!("CARGO_PKG_VERSION");
    if package["version"] != version {
        return Err(format!(
            "`{}` names version {}, the workspace is at {version}",
            path.display(),
            package["version"]
        ));
    }
    copy(&path, &built.join("package.json"))?;
    // Of the conditions in `exports` the first that fits counts: npm keeps
    // their order.
    run(
        "package: package.json",
        Command::new("npm")
            .args(["pkg", "delete", "devDependencies"])
            .current_dir(built),
    )?;
    let Some(url) = repository else {
        return Ok(());
    };
    run(
        "package: repository",
        Command::new("npm")
            .args(["pkg", "set", "repository.type=git"])
            .arg(format!("repository.url=git+{url}.git"))
            .arg("repository.directory=wasm/package")
            .current_dir(built),
    )
}

/// The types of modules are those of CommonJS as well.
fn copy_types(from: &Path, into: &Path) -> Result<(), String> {
    for path in place::entries(from)? {
        let name = path.file_name().unwrap_or_default();
        if path.is_file() && name.to_string_lossy().ends_with(".d.ts") {
            copy(&path, &into.join(name))?;
        }
    }
    Ok(())
}

fn make(folder: &Path) -> Result<(), String> {
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot make `{}`: {error}", folder.display()))
}

fn copy(from: &Path, into: &Path) -> Result<(), String> {
    fs::copy(from, into).map(drop).map_err(|error| {
        format!(
            "cannot copy `{}` to `{}`: {error}",
            from.display(),
            into.display()
        )
    })
}

fn read(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read `{}`: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}
