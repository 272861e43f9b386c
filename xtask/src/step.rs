//! One child command, named, timed, and told apart when it fails.

use std::process::Command;
use std::time::Instant;

/// A `cargo` command in the workspace's top folder.
///
/// What `cargo run` says of xtask to xtask is taken away: build scripts such as
/// ring's look at it, and would be built anew each time a person and xtask
/// take turns.
pub fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments).current_dir(crate::place::root());
    for (name, _) in std::env::vars_os() {
        let text = name.to_string_lossy();
        if text.starts_with("CARGO_PKG_") || text.starts_with("CARGO_MANIFEST_") {
            command.env_remove(&name);
        }
    }
    command
}

/// Runs `command` to its end and fails with its title unless it succeeds.
pub fn run(title: &str, command: &mut Command) -> Result<(), String> {
    println!("\n==> {title}");
    let began = Instant::now();
    let status = command
        .status()
        .map_err(|error| format!("{title}: cannot start `{}`: {error}", name(command)))?;
    if !status.success() {
        return Err(format!("{title}: `{}` ended with {status}", name(command)));
    }
    println!("==> {title}: ok in {:.0} s", began.elapsed().as_secs_f32());
    Ok(())
}

fn name(command: &Command) -> String {
    let mut words = vec![command.get_program().to_string_lossy().into_owned()];
    words.extend(
        command
            .get_args()
            .map(|word| word.to_string_lossy().into_owned()),
    );
    words.join(" ")
}
