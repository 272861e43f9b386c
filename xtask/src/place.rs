//! Folders of the workspace.

use std::fs;
use std::path::{Path, PathBuf};

/// The workspace's top folder.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
        .parent()
        .expect("xtask/ stands in the workspace")
        .to_path_buf()
}

/// Cargo's target folder; everything fetched, built or scratched goes below it.
pub fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// Makes `folder` and takes away what an earlier run left in it.
pub fn fresh(folder: &Path) -> Result<(), String> {
    if folder.exists() {
        fs::remove_dir_all(folder)
            .map_err(|error| format!("cannot empty `{}`: {error}", folder.display()))?;
    }
    fs::create_dir_all(folder)
        .map_err(|error| format!("cannot make `{}`: {error}", folder.display()))
}

/// What is in a folder.
pub fn entries(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let said = |error: std::io::Error| format!("cannot read `{}`: {error}", folder.display());
    fs::read_dir(folder)
        .map_err(said)?
        .map(|entry| Ok(entry.map_err(said)?.path()))
        .collect()
}

/// Makes one folder the same as another. Files that are the same stay
/// untouched, so that nobody takes them for new and builds again.
pub fn mirror(from: &Path, into: &Path) -> Result<(), String> {
    let said = |error: std::io::Error| format!("cannot fill `{}`: {error}", into.display());
    fs::create_dir_all(into).map_err(said)?;
    for old in entries(into)? {
        if !from.join(old.file_name().unwrap_or_default()).exists() {
            if old.is_dir() {
                fs::remove_dir_all(old).map_err(said)?;
            } else {
                fs::remove_file(old).map_err(said)?;
            }
        }
    }
    for source in entries(from)? {
        let target = into.join(source.file_name().unwrap_or_default());
        if source.is_dir() {
            mirror(&source, &target)?;
            continue;
        }
        let bytes = fs::read(&source).map_err(said)?;
        if fs::read(&target).ok().as_ref() != Some(&bytes) {
            fs::write(&target, bytes).map_err(said)?;
        }
    }
    Ok(())
}
