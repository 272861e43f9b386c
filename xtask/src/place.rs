//! Folders of the workspace.

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
        std::fs::remove_dir_all(folder)
            .map_err(|error| format!("cannot empty `{}`: {error}", folder.display()))?;
    }
    std::fs::create_dir_all(folder)
        .map_err(|error| format!("cannot make `{}`: {error}", folder.display()))
}
