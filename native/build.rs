//! The page is embedded as `cargo xtask page` left it. Its folder must be
//! there, if only empty: then `/` says how to build it.

fn main() -> std::io::Result<()> {
    std::fs::create_dir_all("../web/dist")?;
    println!("cargo::rerun-if-changed=../web/dist");
    Ok(())
}
