//! `glue WASM FOLDER`: the JavaScript and types around a wasm file, for a page
//! or a bundler.
//!
//! A program of its own, because only the page needs it and it takes longer to
//! build than the rest of xtask. Its version is that of `wasm-bindgen` in
//! Cargo.lock; a wasm file of another version is refused.

use std::process::ExitCode;

use wasm_bindgen_cli_support::Bindgen;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [wasm, folder] = arguments.as_slice() else {
        eprintln!("usage: glue WASM FOLDER");
        return ExitCode::from(2);
    };
    match glue(wasm, folder) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("glue: {reason:#}");
            ExitCode::FAILURE
        }
    }
}

fn glue(wasm: &str, folder: &str) -> anyhow::Result<()> {
    let mut bindgen = Bindgen::new();
    bindgen
        .input_path(wasm)
        .web(true)?
        .typescript(true)
        .omit_default_module_path(true)
        .generate(folder)
}
