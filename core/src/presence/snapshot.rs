//! The state of all clients as bytes.
//!
//! A header line, then a line for each client in byte order:
//!
//! ```text
//! {"format":"mqtt-presence-snapshot","version":1,"clients":1,"checksum":"…"}
//! ["client-1",{"channels":{"c1":{"connect":{"time":1700000000000}}}}]
//! ```
//!
//! `checksum` is FNV-1a (64 bits, hexadecimal) of all bytes after the header
//! line. It finds damage, not forgery. Options are not part of it.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::quote::Quoted;
use super::{Client, Options, Presence};

const FORMAT: &str = "mqtt-presence-snapshot";
const VERSION: u64 = 1;

/// Why bytes could not be restored; nothing was.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SnapshotError {
    /// The bytes do not begin with the header of a snapshot.
    NotASnapshot {
        /// How they begin instead.
        found: String,
    },
    /// A newer mqtt-presence wrote it.
    NewerVersion {
        /// Its version.
        found: u64,
    },
    /// It is cut short or was changed.
    Damaged {
        /// The line at fault, from 1.
        line: u64,
        /// What is wrong there.
        reason: &'static str,
    },
}

impl fmt::Display for SnapshotError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            SnapshotError::NotASnapshot { found } => write!(
                f,
                "not a snapshot of mqtt-presence: it begins with {}",
                Quoted(found)
            ),
            SnapshotError::NewerVersion { found } => write!(
                f,
                "the snapshot has version `{found}`, this mqtt-presence reads up to `{VERSION}`; \
                 restore it with a newer one"
            ),
            SnapshotError::Damaged { line, reason } => write!(
                f,
                "the snapshot is damaged at line {line}: {reason}; restore another one"
            ),
        }
    }
}

impl std::error::Error for SnapshotError {}

#[derive(Deserialize)]
struct Version {
    format: String,
    version: u64,
}

#[derive(Serialize, Deserialize)]
struct Header {
    format: String,
    version: u64,
    clients: u64,
    checksum: String,
}

impl Presence {
    /// The state as bytes: the same state gives the same bytes on every target.
    pub fn snapshot(&self) -> Vec<u8> {
        let mut lines = Vec::new();
        let mut count = 0;
        for client in self.iter() {
            lines.append(&mut line_of(&client));
            count += 1;
        }
        let mut bytes = line_of(&Header {
            format: FORMAT.to_owned(),
            version: VERSION,
            clients: count,
            checksum: checksum(&lines),
        });
        bytes.append(&mut lines);
        bytes
    }

    /// The state that [`snapshot`](Presence::snapshot) wrote, under these
    /// options, which need not be those it was written under.
    ///
    /// # Errors
    ///
    /// When the bytes are no snapshot, one of a newer version, or damaged.
    pub fn restore(bytes: &[u8], options: Options) -> Result<Presence, SnapshotError> {
        let (first, rest) = cut_line(bytes);
        let version = match serde_json::from_slice::<Version>(first) {
            Ok(version) if version.format == FORMAT => version.version,
            _ => {
                return Err(SnapshotError::NotASnapshot {
                    found: String::from_utf8_lossy(&first[..first.len().min(512)]).into_owned(),
                });
            }
        };
        if version > VERSION {
            return Err(SnapshotError::NewerVersion { found: version });
        }
        let damaged = |line, reason| SnapshotError::Damaged { line, reason };
        let header = serde_json::from_slice::<Header>(first)
            .ok()
            .filter(|header| header.version == VERSION && bytes.starts_with(&line_of(header)))
            .ok_or(damaged(1, "the header is not as it was written"))?;
        let mut presence = Presence::new(options);
        let mut clients = 0;
        let mut line = 1;
        let mut unread = rest;
        while !unread.is_empty() {
            line += 1;
            let (text, after) = cut_line(unread);
            let (id, client) = serde_json::from_slice::<(String, Client)>(text)
                .map_err(|_| damaged(line, "it is not a client"))?;
            if !presence.insert(&id, client) {
                return Err(damaged(line, "the client was there before"));
            }
            clients += 1;
            unread = after;
        }
        if clients != header.clients {
            return Err(damaged(line, "lines are missing after it, or were added"));
        }
        if checksum(rest) != header.checksum {
            return Err(damaged(1, "its checksum does not fit the lines after it"));
        }
        Ok(presence)
    }
}

fn line_of(value: &impl Serialize) -> Vec<u8> {
    let mut line =
        serde_json::to_vec(value).expect("writing strings and integers to memory cannot fail");
    line.push(b'\n');
    line
}

fn cut_line(bytes: &[u8]) -> (&[u8], &[u8]) {
    match bytes.iter().position(|byte| *byte == b'\n') {
        Some(end) => (&bytes[..end], &bytes[end + 1..]),
        None => (bytes, &[]),
    }
}

/// FNV-1a, 64 bits, as 16 hexadecimal digits.
fn checksum(bytes: &[u8]) -> String {
    let hash = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    });
    format!("{hash:016x}")
}

#[cfg(test)]
mod tests {
    use super::checksum;

    #[test]
    fn the_checksum_is_fnv_1a() {
        assert_eq!(checksum(b""), "cbf29ce484222325");
        assert_eq!(checksum(b"a"), "af63dc4c8601ec8c");
        assert_eq!(checksum(b"foobar"), "85944171f73967e8");
    }
}
