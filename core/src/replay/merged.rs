//! The reports of all shards as one.

use serde::Serialize;

use super::{ClientEntry, ErrorEntry, Report, Summary};

/// What a divided recording says: what its [`Report`] would be, had it not
/// been divided, and the same when serialised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Merged<'r, 'a> {
    /// Counts.
    pub summary: Summary,
    /// Every client of the recording, in byte order.
    pub clients: Vec<&'r ClientEntry<'a>>,
    /// The rejected records, in their order.
    pub errors: &'r [ErrorEntry<'a>],
}

impl<'r, 'a> Merged<'r, 'a> {
    /// Merges the reports of all shards, made in one view. Each client is in
    /// one of them, and all rejected records are in the first.
    pub fn new(reports: &'r [Report<'a>]) -> Merged<'r, 'a> {
        let mut clients: Vec<&ClientEntry<'_>> =
            reports.iter().flat_map(|report| &report.clients).collect();
        // The stable sort: it finds the reports' own order, and merges.
        clients.sort_by_key(|client| client.client_id);
        let summaries = reports.iter().map(|report| report.summary);
        Merged {
            summary: summaries.fold(Summary::default(), Summary::plus),
            clients,
            errors: reports.first().map_or(&[], |report| &report.errors),
        }
    }
}

impl Summary {
    fn plus(self, other: Summary) -> Summary {
        Summary {
            records: self.records + other.records,
            accepted: self.accepted + other.accepted,
            rejected: self.rejected + other.rejected,
            duplicates: self.duplicates + other.duplicates,
            clients: self.clients + other.clients,
            online: self.online + other.online,
        }
    }
}
