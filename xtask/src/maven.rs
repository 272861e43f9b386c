//! Java programs of our own, built with Maven.

use std::path::Path;
use std::process::Command;

use crate::step;

/// Compiles the project in `source` into `build`, beside its dependencies.
pub fn build(title: &str, source: &Path, build: &Path) -> Result<(), String> {
    step::run(
        title,
        Command::new("mvn")
            .args([
                "-q",
                "-B",
                "compile",
                "dependency:copy-dependencies",
                "-DincludeScope=runtime",
            ])
            .arg(format!("-Dbench.directory={}", build.display()))
            .current_dir(source),
    )
}

/// The class path of what was built there.
pub fn class_path(build: &Path) -> String {
    format!("{0}/classes:{0}/dependency/*", build.display())
}
