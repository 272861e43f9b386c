//! Files as a source: one file, a file that grows, a folder of them, or
//! standard input.
//!
//! How far a file was read is a checkpoint in the same commit as its records,
//! so a file is read once however often the service is killed. Between looks
//! at a file nothing is kept but its open handle: each look goes on from the
//! checkpoint.

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use mqtt_presence_core::event::Limits;

use super::{Context, Health, Source, SourceError};
use crate::store::Store;

mod ahead;
mod input;
mod mark;
mod pump;
mod watch;

use pump::Pump;

/// Which files, and how they are read.
#[derive(Clone, Debug)]
pub struct FileConfig {
    /// A file, a folder (its files, not those of folders in it, and none
    /// whose name begins with a dot), or `-` for standard input.
    pub path: PathBuf,
    /// Whether to wait for more at the end. Without, the source has then
    /// finished. Standard input always ends where it ends.
    pub follow: bool,
    /// How often a followed file or folder is looked at. Default 500 ms.
    pub poll: Duration,
    /// What bounds a record.
    pub limits: Limits,
}

impl FileConfig {
    /// Follows this path.
    pub fn new(path: impl Into<PathBuf>) -> FileConfig {
        FileConfig {
            path: path.into(),
            follow: true,
            poll: Duration::from_millis(500),
            limits: Limits::default(),
        }
    }
}

/// The source `file`.
pub struct FileSource {
    config: FileConfig,
    store: Arc<dyn Store>,
}

impl FileSource {
    /// A source that keeps its checkpoints in this store, the one that the
    /// pipeline commits to.
    pub fn new(config: FileConfig, store: Arc<dyn Store>) -> FileSource {
        FileSource { config, store }
    }
}

const NAME: &str = "file";

fn error(reason: String) -> SourceError {
    SourceError {
        source_name: NAME.to_owned(),
        reason,
    }
}

#[async_trait]
impl Source for FileSource {
    fn name(&self) -> &str {
        NAME
    }

    async fn run(self: Box<Self>, context: Context) -> Result<(), SourceError> {
        let health = context.health.clone();
        if self.config.path.as_os_str() == "-" {
            input::run(&self.config, context).await?;
        } else {
            // Files are read on a thread that may block.
            let pump = Pump {
                intake: context.intake,
                shutdown: context.shutdown,
                store: self.store,
                runtime: tokio::runtime::Handle::current(),
                limits: self.config.limits,
            };
            let (config, said) = (self.config, health.clone());
            tokio::task::spawn_blocking(move || watch::run(&config, &pump, &said))
                .await
                .map_err(|broken| error(format!("reading was broken off: {broken}")))??;
        }
        health.send_replace(Health::Finished);
        Ok(())
    }
}
