//! How far a file was read, and how to know it again.

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};

use mqtt_presence_core::event::Place;
use serde::{Deserialize, Serialize};

/// A file is known by its first bytes too: file systems give the number of a
/// file that is gone to the next one.
const HEAD: u64 = 256;

/// Which file it is, whatever its name.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize,
)]
pub(super) struct Identity {
    pub device: u64,
    pub inode: u64,
}

impl Identity {
    #[cfg(unix)]
    pub fn of(metadata: &Metadata) -> Identity {
        use std::os::unix::fs::MetadataExt;
        Identity {
            device: metadata.dev(),
            inode: metadata.ino(),
        }
    }

    /// Elsewhere files are told apart by their first bytes and their age.
    #[cfg(not(unix))]
    pub fn of(metadata: &Metadata) -> Identity {
        let created = metadata.created().ok();
        let since = created.and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
        Identity {
            device: 0,
            inode: since.map_or(0, |since| since.as_nanos() as u64),
        }
    }
}

/// The value of a file's checkpoint.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Mark {
    pub identity: Identity,
    /// So many first bytes were hashed, and gave this.
    head_bytes: u64,
    head_hash: u64,
    /// Where reading goes on: a place between records.
    record: u64,
    line: u64,
    column: u64,
    offset: u64,
    /// Records from there on, up to this number, were committed already.
    pub next: u64,
}

impl Mark {
    /// The mark of a file that was read up to record `next`.
    pub fn new(file: &mut File, place: Place, next: u64) -> io::Result<Mark> {
        let metadata = file.metadata()?;
        let (head_bytes, head_hash) = head(file, metadata.len().min(HEAD))?;
        Ok(Mark {
            identity: Identity::of(&metadata),
            head_bytes,
            head_hash,
            record: place.record,
            line: place.line,
            column: place.column,
            offset: place.offset,
            next,
        })
    }

    pub fn place(&self) -> Place {
        Place {
            record: self.record,
            line: self.line,
            column: self.column,
            offset: self.offset,
        }
    }

    /// Whether this is the file, and it was not cut since.
    pub fn fits(&self, file: &mut File) -> io::Result<bool> {
        let metadata = file.metadata()?;
        let same = Identity::of(&metadata) == self.identity && metadata.len() >= self.offset;
        Ok(same && head(file, self.head_bytes)? == (self.head_bytes, self.head_hash))
    }
}

/// How many of the first `bytes` bytes there are, and their FNV-1a hash.
fn head(file: &mut File, bytes: u64) -> io::Result<(u64, u64)> {
    file.seek(SeekFrom::Start(0))?;
    let mut head = Vec::new();
    file.by_ref().take(bytes).read_to_end(&mut head)?;
    let hash = head.iter().fold(0xcbf2_9ce4_8422_2325, |hash: u64, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    Ok((head.len() as u64, hash))
}
