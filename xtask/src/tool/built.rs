//! A tool of crates.io, built once below `target/`.

use std::path::PathBuf;

use crate::{place, step};

/// The path of its program, which has the package's name.
pub fn program(package: &str, version: &str) -> Result<PathBuf, String> {
    let folder = place::target()
        .join("tool")
        .join(format!("{package}-{version}"));
    let program = folder.join("bin").join(package);
    if !program.exists() {
        step::run(
            &format!("build {package}"),
            step::cargo(&[
                "install",
                package,
                "--locked",
                "--version",
                version,
                "--root",
            ])
            .arg(&folder),
        )?;
    }
    Ok(program)
}
