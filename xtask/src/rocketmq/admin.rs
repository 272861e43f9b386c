//! The admin tool, `mqadmin`. One call takes about 4 s, most of it JVM start.

use std::path::{Path, PathBuf};

use super::server::{java, jvm_arguments, tail};

const TRIES: u32 = 3;

#[derive(Debug)]
pub(super) struct Admin {
    pub(super) lib: PathBuf,
    pub(super) home: PathBuf,
    pub(super) jvm_flags: Vec<String>,
    pub(super) namesrv: String,
}

impl Admin {
    /// Runs a sub-command with `-n` added; answers what it printed. The tool
    /// waits 3 s for an answer, which is short on a busy machine.
    pub(super) fn run(&self, arguments: &[&str]) -> Result<String, String> {
        let mut said = self.once(arguments);
        for _ in 1..TRIES {
            match &said {
                Err(error) if error.contains("RemotingTimeoutException") => {
                    said = self.once(arguments);
                }
                _ => break,
            }
        }
        said
    }

    fn once(&self, arguments: &[&str]) -> Result<String, String> {
        let mut all = jvm_arguments(&self.lib, &self.home, "256m", &self.jvm_flags);
        all.push("-Drmq.logback.configurationFile=rmq.tools.logback.xml".into());
        all.push("org.apache.rocketmq.tools.command.MQAdminStartup".into());
        all.extend(arguments.iter().map(Into::into));
        all.extend(["-n".into(), self.namesrv.as_str().into()]);
        let output = java(&all, Path::new(&self.home))
            .output()
            .map_err(|error| format!("`java` cannot be started: {error}"))?;
        let mut printed = String::from_utf8_lossy(&output.stdout).into_owned();
        printed.push_str(&String::from_utf8_lossy(&output.stderr));
        // The tool ends with 0 whatever happened, so its text decides.
        if !output.status.success() || printed.contains("Exception") {
            return Err(format!(
                "mqadmin {} failed:\n{}",
                arguments.join(" "),
                tail(&printed)
            ));
        }
        Ok(printed)
    }
}
