//! Looking at a file or a folder, once or over and over.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::watch;

use super::mark::Identity;
use super::pump::{Pump, Stop};
use super::{FileConfig, error};
use crate::source::{Health, SourceError};
use crate::store::StoreError;

/// Runs until the end, or for ever.
pub(super) fn run(
    config: &FileConfig,
    pump: &Pump,
    health: &watch::Sender<Health>,
) -> Result<(), SourceError> {
    let mut watched = Watched::default();
    loop {
        let looked = match fs::metadata(&config.path) {
            Ok(metadata) if metadata.is_dir() => watched.folder(config, pump),
            Ok(_) => watched.file(config, pump),
            Err(error) => Err(Stop::File(error)),
        };
        // A store that is away comes back.
        let passes = matches!(looked, Err(Stop::Store(StoreError::Unavailable { .. })));
        let sentence = match looked {
            Ok(()) => None,
            Err(Stop::Shutdown) => return Ok(()),
            Err(Stop::File(error)) => Some(sentence(&config.path, &error)),
            Err(Stop::Store(error)) => Some(error.to_string()),
        };
        let again = config.follow || passes;
        match sentence {
            None if !config.follow => return Ok(()),
            None => health.send_replace(Health::Ready),
            Some(sentence) if !again => return Err(error(sentence)),
            Some(sentence) => health.send_replace(Health::Failing(sentence)),
        };
        let wait = pump.shutdown.cancelled();
        let waited = pump
            .runtime
            .block_on(async { tokio::time::timeout(config.poll, wait).await });
        if waited.is_ok() {
            return Ok(());
        }
    }
}

fn sentence(path: &Path, error: &io::Error) -> String {
    let path = path.display();
    match error.kind() {
        io::ErrorKind::NotFound => format!("`{path}` does not exist; make it or name another path"),
        io::ErrorKind::PermissionDenied => {
            format!("`{path}` cannot be read; give this user the right to read it")
        }
        _ => format!("reading `{path}` failed: {error}"),
    }
}

/// What was seen at the last look.
#[derive(Default)]
struct Watched {
    /// The file behind the path; open, so that its end can still be read when
    /// it was moved away.
    held: Option<(Identity, File)>,
    /// Length and time of change of each file.
    seen: HashMap<Identity, (u64, Option<std::time::SystemTime>)>,
}

impl Watched {
    fn file(&mut self, config: &FileConfig, pump: &Pump) -> Result<(), Stop> {
        let key = format!("file:{}", config.path.display());
        let mut file = File::open(&config.path)?;
        let metadata = file.metadata()?;
        let identity = Identity::of(&metadata);
        if self.held.is_none() {
            self.held = moved_away(config, pump, &key, identity)?;
        }
        if let Some((before, held)) = &mut self.held
            && *before != identity
        {
            // Moved away. Who writes goes on there until it turns to the new file.
            let left = metadata.len() > 0 || !config.follow;
            pump.read(held, &key, left)?;
            if !left {
                return Ok(());
            }
            self.held = None;
        }
        let state = (metadata.len(), metadata.modified().ok());
        if self.seen.get(&identity) != Some(&state) || !config.follow {
            pump.read(&mut file, &key, !config.follow)?;
            self.seen.clear();
            self.seen.insert(identity, state);
        }
        self.held.get_or_insert((identity, file));
        Ok(())
    }

    fn folder(&mut self, config: &FileConfig, pump: &Pump) -> Result<(), Stop> {
        let mut paths: Vec<PathBuf> = Vec::new();
        for entry in fs::read_dir(&config.path)? {
            let entry = entry?;
            if !entry.file_name().as_encoded_bytes().starts_with(b".") {
                paths.push(entry.path());
            }
        }
        paths.sort_unstable();
        let mut seen = HashMap::new();
        for path in paths {
            // One that went since is none of ours.
            let Ok(mut file) = File::open(&path) else {
                if fs::metadata(&path).is_ok() {
                    return Err(Stop::File(io::Error::other(format!(
                        "`{}` cannot be opened",
                        path.display()
                    ))));
                }
                continue;
            };
            let metadata = file.metadata()?;
            if !metadata.is_file() {
                continue;
            }
            let identity = Identity::of(&metadata);
            let state = (metadata.len(), metadata.modified().ok());
            if self.seen.get(&identity) != Some(&state) {
                let key = format!("file:{}:{}", identity.device, identity.inode);
                pump.read(&mut file, &key, !config.follow)?;
            }
            seen.insert(identity, state);
        }
        self.seen = seen;
        Ok(())
    }
}

/// The file that the checkpoint speaks of, if it is in the same folder under
/// another name now.
fn moved_away(
    config: &FileConfig,
    pump: &Pump,
    key: &str,
    current: Identity,
) -> Result<Option<(Identity, File)>, Stop> {
    let Some(mark) = pump.mark(key)? else {
        return Ok(None);
    };
    if mark.identity == current {
        return Ok(None);
    }
    let folder = match config.path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let Ok(metadata) = fs::metadata(&path) else {
            continue;
        };
        if metadata.is_file() && Identity::of(&metadata) == mark.identity {
            let mut file = File::open(&path)?;
            if mark.fits(&mut file)? {
                return Ok(Some((mark.identity, file)));
            }
        }
    }
    Ok(None)
}
