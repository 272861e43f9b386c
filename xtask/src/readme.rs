//! README's commands, executed: every fenced block marked `sh`, in order.
//!
//! `cargo xtask run` goes on in the background while the blocks after it run,
//! and must end cleanly on SIGINT; `cargo xtask test` is the command that
//! calls this, and must be what `.ci/run` calls. A block marked `sh exit=0,3`
//! may end with any of those codes.

use std::io::{BufRead, BufReader};
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use crate::child::{self, Running};
use crate::place;
use crate::run::READY;

struct Block {
    line: usize,
    exits: Vec<i32>,
    script: String,
}

/// Executes README.md's blocks.
pub fn check() -> Result<(), String> {
    let root = place::root();
    let read = |name: &str| {
        std::fs::read_to_string(root.join(name)).map_err(|error| format!("{name}: {error}"))
    };
    let blocks = blocks(&read("README.md")?);
    if blocks.is_empty() {
        return Err("README.md has no block marked `sh`".into());
    }
    let ci = read(".ci/run")?;
    let mut running: Option<Running> = None;
    for block in &blocks {
        println!("README.md:{}: {}", block.line, block.script.trim_end());
        match block.script.trim() {
            "cargo xtask run" => running = Some(start()?),
            test @ "cargo xtask test" => {
                if !ci.contains(test) {
                    return Err(format!(
                        "README.md:{}: `.ci/run` does not call `{test}`",
                        block.line
                    ));
                }
            }
            _ => execute(block)?,
        }
    }
    let run = running.ok_or("README.md never says `cargo xtask run`")?;
    let status = run.stop("INT", Duration::from_secs(60))?;
    if !status.success() {
        return Err(format!(
            "`cargo xtask run` ended with {status} after SIGINT"
        ));
    }
    println!("{} blocks of README.md ran", blocks.len());
    Ok(())
}

fn blocks(readme: &str) -> Vec<Block> {
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (index, line) in readme.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (Some(block), None) => {
                block.script.push_str(line);
                block.script.push('\n');
            }
            (Some(_), Some(_)) => found.extend(open.take()),
            (None, Some(info)) if info == "sh" || info.starts_with("sh ") => {
                let exits = match info.split_once("exit=") {
                    Some((_, codes)) => codes
                        .split(',')
                        .filter_map(|code| code.parse().ok())
                        .collect(),
                    None => vec![0],
                };
                open = Some(Block {
                    line: index + 2,
                    exits,
                    script: String::new(),
                });
            }
            _ => {}
        }
    }
    found
}

fn execute(block: &Block) -> Result<(), String> {
    let path = std::env::var("PATH").unwrap_or_default();
    let bin = place::target().join("debug");
    let status = Command::new("timeout")
        .args(["120", "bash", "-euo", "pipefail", "-c", &block.script])
        .current_dir(place::root())
        .env("PATH", format!("{}:{path}", bin.display()))
        .status()
        .map_err(|error| format!("README.md:{}: {error}", block.line))?;
    match status.code() {
        Some(code) if block.exits.contains(&code) => Ok(()),
        _ => Err(format!(
            "README.md:{}: ended with {status}, not {:?}",
            block.line, block.exits
        )),
    }
}

/// Starts `cargo xtask run` and waits until it says that it is ready.
fn start() -> Result<Running, String> {
    let mut command = crate::step::cargo(&["xtask", "run"]);
    let mut run = child::spawn(command.stdout(Stdio::piped()))?;
    let output = run.stdout().expect("standard output is piped");
    let (sender, lines) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines().map_while(Result::ok) {
            println!("  {line}");
            // The receiver goes away once the ready line was seen.
            let _ = sender.send(line);
        }
    });
    loop {
        match lines.recv_timeout(Duration::from_secs(600)) {
            Ok(line) if line.contains(READY) => return Ok(run),
            Ok(_) => {}
            Err(_) => return Err("`cargo xtask run` did not become ready".into()),
        }
    }
}
