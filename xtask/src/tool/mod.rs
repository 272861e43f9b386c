//! Tools that the commands need beyond Rust. What is lacking is installed
//! where that is possible, and otherwise named in one line.

use std::process::{Command, Stdio};

pub mod built;
pub mod compiler;
pub mod deny;
pub mod promtool;
pub mod python;
pub mod wasm;

/// Whether `program` starts and answers with success.
pub fn answers(program: &str, arguments: &[&str]) -> bool {
    Command::new(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Makes sure that Java 17 and Maven are there, for a RocketMQ server.
pub fn java_and_maven() -> Result<(), String> {
    let lacking = || {
        let mut packages = Vec::new();
        if !answers("java", &["-version"]) {
            packages.push("openjdk-17-jdk-headless");
        }
        if !answers("mvn", &["-version"]) {
            packages.push("maven");
        }
        packages
    };
    let packages = lacking();
    if packages.is_empty() {
        return Ok(());
    }
    debian(&packages)?;
    match lacking().as_slice() {
        [] => Ok(()),
        still => Err(format!(
            "`{}` was installed and does not answer",
            still.join(" ")
        )),
    }
}

/// Makes sure that Chromium is there, with a font for Chinese.
pub fn chromium() -> Result<(), String> {
    let mut packages = Vec::new();
    if !answers("/usr/bin/chromium", &["--version"]) {
        packages.push("chromium");
    }
    if !answers("test", &["-d", "/usr/share/fonts/opentype/noto"]) {
        packages.push("fonts-noto-cjk");
    }
    if packages.is_empty() {
        return Ok(());
    }
    debian(&packages)
}

/// Makes sure that Mosquitto is there.
pub fn mosquitto() -> Result<(), String> {
    if answers("sh", &["-c", "command -v mosquitto"]) {
        return Ok(());
    }
    debian(&["mosquitto"])
}

/// Installs Debian packages; only root on a machine with apt can.
pub fn debian(packages: &[&str]) -> Result<(), String> {
    let wanted = packages.join(" ");
    if !answers("apt-get", &["--version"]) || !is_root() {
        return Err(format!(
            "install the Debian packages `{wanted}`, or their like, and try again"
        ));
    }
    let apt = |arguments: &[&str]| {
        let mut command = Command::new("apt-get");
        command
            .env("DEBIAN_FRONTEND", "noninteractive")
            .args(arguments);
        command
    };
    crate::step::run("apt-get update", &mut apt(&["update", "-qq"]))?;
    let mut install = apt(&["install", "-y", "-qq", "--no-install-recommends"]);
    crate::step::run(&format!("apt-get install {wanted}"), install.args(packages))
}

fn is_root() -> bool {
    Command::new("id")
        .arg("-u")
        .output()
        .is_ok_and(|output| output.stdout.trim_ascii() == b"0")
}
