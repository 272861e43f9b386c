//! Loopback ports that nobody else uses.

use std::fs::{self, File};
use std::net::TcpListener;

/// A cluster's ports: eight in a row, because a broker opens the ports two
/// below and one above its own as well.
#[derive(Debug)]
pub(super) struct Ports {
    base: u16,
    /// Held while the cluster lives, so that two clusters that start at once
    /// do not choose the same ports.
    _lock: File,
}

/// Below the range that Linux and macOS give to outgoing connections.
const FIRST: u16 = 20_000;
const GROUPS: u32 = 1_500;
const SIZE: u16 = 8;

impl Ports {
    pub(super) fn reserve() -> Result<Ports, String> {
        let locks = std::env::temp_dir().join("rocketmq-ports");
        fs::create_dir_all(&locks)
            .map_err(|error| format!("cannot make `{}`: {error}", locks.display()))?;
        let start = std::process::id();
        for step in 0..GROUPS {
            let group = start.wrapping_add(step) % GROUPS;
            let base = FIRST + u16::try_from(group).expect("there are 1,500 groups") * SIZE;
            let path = locks.join(base.to_string());
            let Ok(lock) = File::create(path) else {
                continue;
            };
            if lock.try_lock().is_ok() && (base..base + SIZE).all(is_free) {
                return Ok(Ports { base, _lock: lock });
            }
        }
        Err(format!("no {SIZE} free ports in a row from {FIRST} on"))
    }

    pub(super) fn namesrv(&self) -> u16 {
        self.base
    }

    pub(super) fn grpc(&self) -> u16 {
        self.base + 1
    }

    pub(super) fn proxy(&self) -> u16 {
        self.base + 2
    }

    pub(super) fn broker(&self) -> u16 {
        self.base + 5
    }
}

/// The servers listen on every address where a version cannot do otherwise,
/// so a port counts as free only when every address has it free.
fn is_free(port: u16) -> bool {
    TcpListener::bind(("0.0.0.0", port)).is_ok()
}
