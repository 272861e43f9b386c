//! Getting the jars from Maven Central, once.

use std::fs;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use super::options::has_proxy;

/// Written last, so that a broken download is not taken for a whole one.
const MARKER: &str = "complete";

/// Where the jars of a version are kept: `target/rocketmq/VERSION`.
pub fn cache_folder(version: &str) -> PathBuf {
    crate::place::target().join("rocketmq").join(version)
}

/// What keeps this version from running here, as a sentence that says what to
/// install; `None` when Java is there, and Maven or the jars are.
pub fn missing(version: &str) -> Option<String> {
    let java = (!runs("java", "-version")).then_some(
        "`java` was not found: install a Java runtime of version 17 or later (Debian: `apt-get install default-jre-headless`)",
    );
    let fetched = cache_folder(version).join(MARKER).exists();
    let maven = (!fetched && !runs("mvn", "--version")).then_some(
        "`mvn` was not found, which fetches RocketMQ: install Maven (Debian: `apt-get install maven`)",
    );
    let sentences: Vec<&str> = java.into_iter().chain(maven).collect();
    (!sentences.is_empty()).then(|| sentences.join("; "))
}

fn runs(program: &str, argument: &str) -> bool {
    Command::new(program)
        .arg(argument)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// The folder with the jars of a version; the first call downloads about 90 MB.
pub fn fetch(version: &str) -> Result<PathBuf, String> {
    if version.is_empty()
        || !version
            .bytes()
            .all(|b| b.is_ascii_alphanumeric() || b".-".contains(&b))
    {
        return Err(format!(
            "`{version}` is no RocketMQ version: write it as on Maven Central, such as `5.3.3`"
        ));
    }
    let folder = cache_folder(version);
    let lib = folder.join("lib");
    if folder.join(MARKER).exists() {
        return Ok(lib);
    }
    // A folder of our own until all is there: two runs at once do not mix.
    let partial = folder.with_file_name(format!("{version}.partial-{}", std::process::id()));
    let _ = fs::remove_dir_all(&partial);
    download(version, &partial).inspect_err(|_| {
        let _ = fs::remove_dir_all(&partial);
    })?;
    let _ = fs::remove_dir_all(&folder);
    if let Err(error) = fs::rename(&partial, &folder) {
        let _ = fs::remove_dir_all(&partial);
        // Another run was first, which is as good.
        if !folder.join(MARKER).exists() {
            return Err(format!("cannot write `{}`: {error}", folder.display()));
        }
    }
    Ok(lib)
}

fn download(version: &str, folder: &Path) -> Result<(), String> {
    let write = |name: &str, text: String| {
        fs::create_dir_all(folder)
            .and_then(|()| fs::write(folder.join(name), text))
            .map_err(|error| format!("cannot write `{}`: {error}", folder.join(name).display()))
    };
    write("pom.xml", pom(version))?;
    let output = Command::new("mvn")
        .args([
            "--quiet",
            "--batch-mode",
            "dependency:copy-dependencies",
            "-DincludeScope=runtime",
            "-DoutputDirectory=lib",
        ])
        .current_dir(folder)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| match error.kind() {
            ErrorKind::NotFound => {
                missing(version).unwrap_or_else(|| "`mvn` was not found".to_owned())
            }
            _ => format!("`mvn` cannot be started: {error}"),
        })?;
    let jars = fs::read_dir(folder.join("lib")).map_or(0, Iterator::count);
    if !output.status.success() || jars == 0 {
        let said = String::from_utf8_lossy(&output.stdout);
        let errors: Vec<&str> = said
            .lines()
            .filter(|line| line.contains("ERROR"))
            .take(8)
            .collect();
        return Err(format!(
            "maven could not fetch RocketMQ `{version}` ({}); check the version and the network, then run it again:\n{}",
            output.status,
            errors.join("\n"),
        ));
    }
    write(MARKER, format!("{jars} jars\n"))
}

fn pom(version: &str) -> String {
    let broker = if has_proxy(version) {
        "rocketmq-proxy"
    } else {
        "rocketmq-broker"
    };
    let dependencies: String = ["rocketmq-namesrv", broker, "rocketmq-tools"]
        .iter()
        .map(|artifact| {
            format!("<dependency><groupId>org.apache.rocketmq</groupId><artifactId>{artifact}</artifactId><version>{version}</version></dependency>\n")
        })
        .collect();
    format!(
        "<project xmlns=\"http://maven.apache.org/POM/4.0.0\">\n<modelVersion>4.0.0</modelVersion>\n\
         <groupId>local</groupId><artifactId>rocketmq-jars</artifactId><version>1</version><packaging>pom</packaging>\n\
         <dependencies>\n{dependencies}</dependencies>\n</project>\n"
    )
}
