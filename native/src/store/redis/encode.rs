//! Clients and transitions of a batch as the server keeps them: the work
//! before a commit during which the server has none, so all cores share it.

use std::sync::LazyLock;
use std::thread::{available_parallelism, scope};

use bytes::Bytes;
use mqtt_presence_core::presence::Options;

use super::packed::Packed;
use super::told::{self, Told};
use crate::store::StoreError;
use crate::store::join::{Flip, Staged};

/// Asked once: the system reads files for it.
static CORES: LazyLock<usize> = LazyLock::new(|| available_parallelism().map_or(1, usize::from));

/// Clients below which a thread costs more than it saves.
const SHARE: usize = 512;

/// A client and what its batch does to it.
pub(super) struct Work<'b> {
    pub id: &'b str,
    /// Where memory has it, if it lent it.
    pub place: Option<usize>,
    pub entry: Box<Packed>,
    pub staged: Staged,
}

/// A client after its batch.
pub(super) struct Next<'b> {
    pub id: &'b str,
    pub place: Option<usize>,
    pub entry: Box<Packed>,
    pub record: Bytes,
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
        // One piece of memory for all: it is new, and each page of it is dear.
        let mut records = Vec::with_capacity(320 * work.len());
        let next = work.into_iter().map(|work| {
            let next = client(work, options, token, &mut records);
            (next, records.len())
        });
        let next: Vec<_> = next.collect();
        let (records, mut begin) = (Bytes::from(records), 0);
        let next = next.into_iter().map(|(next, end)| {
            let record = records.slice(begin..end);
            begin = end;
            Next { record, ..next }
        });
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

/// Its record is appended.
fn client<'b>(work: Work<'b>, options: &Options, token: &str, records: &mut Vec<u8>) -> Next<'b> {
    let Work {
        id,
        place,
        mut entry,
        staged,
    } = work;
    let fresh = staged.fresh;
    let closed = entry.merge(staged, options.closing);
    entry.write(token, records);
    Next {
        record: Bytes::new(),
        id,
        place,
        entry,
        fresh,
        closed,
    }
}
