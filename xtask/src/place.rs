//! Folders of the workspace.

use std::path::PathBuf;

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
