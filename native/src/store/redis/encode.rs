//! Clients and transitions of a batch as the server keeps them: the work
//! before a commit during which the server has none, so all cores share it.

use std::sync::LazyLock;
use std::thread::{available_parallelism, scope};

use mqtt_presence_core::presence::Options;

use super::record;
use super::told::{self, Told};
use crate::store::StoreError;
use crate::store::join::{Entry, Flip, Staged, closed_at};

/// Asked once: the system reads files for it.
static CORES: LazyLock<usize> = LazyLock::new(|| available_parallelism().map_or(1, usize::from));

/// Clients below which a thread costs more than it saves.
const SHARE: usize = 512;

/// A client and what its batch does to it.
pub(super) struct Work<'b> {
    pub id: &'b str,
    pub entry: Entry,
    pub staged: Staged,
}

/// A client after its batch.
pub(super) struct Next<'b> {
    pub id: &'b str,
    pub entry: Entry,
    pub record: Vec<u8>,
    /// How long the record is, wherever it went.
    pub bytes: usize,
    /// No store has seen it before.
    pub fresh: bool,
    /// When its first channel ended, if none had before.
    pub closed: Option<u64>,
}

/// The clients in any order, and the entries of the transitions.
pub(super) fn encode<'b>(
    mut work: Vec<Work<'b>>,
    flips: &[Flip],
    options: &Options,
    token: &str,
) -> Result<(Vec<Next<'b>>, Vec<Told>), StoreError> {
    let parts = CORES.min(work.len() / SHARE).max(1);
    let clients = |work: Vec<Work<'b>>| -> Vec<Next<'b>> {
        let next = work.into_iter().map(|work| client(work, options, token));
        next.collect()
    };
    // Entries of the transitions are divided at whole entries.
    let share = flips.len().div_ceil(parts).next_multiple_of(told::MOST);
    scope(|threads| {
        let mut others = Vec::new();
        let mut flips = flips;
        for left in (2..=parts).rev() {
            let work = work.split_off(work.len() - work.len() / left);
            let (first, rest) = flips.split_at(share.min(flips.len()));
            flips = rest;
            others.push(threads.spawn(move || (clients(work), told::write(first))));
        }
        let mut last = told::write(flips)?;
        let mut next = clients(work);
        let mut told = Vec::new();
        for other in others {
            let (clients, lines) = other.join().expect("clients are encoded without a panic");
            next.extend(clients);
            told.extend(lines?);
        }
        told.append(&mut last);
        Ok((next, told))
    })
}

fn client<'b>(work: Work<'b>, options: &Options, token: &str) -> Next<'b> {
    let Work {
        id,
        mut entry,
        staged,
    } = work;
    let fresh = staged.fresh;
    let before = closed_at(&entry.client, options.closing);
    entry.merge(staged);
    let closed = closed_at(&entry.client, options.closing).filter(|_| before.is_none());
    let record = record::write(&entry, token);
    Next {
        bytes: record.len(),
        record,
        id,
        entry,
        fresh,
        closed,
    }
}
