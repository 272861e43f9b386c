//! Rejected records in memory, bounded by number and bytes.

use std::collections::VecDeque;

use crate::store::join::Totals;
use crate::store::{Keep, Poison, Quarantined};

#[derive(Debug, Default)]
pub(super) struct Quarantine {
    records: VecDeque<Quarantined>,
}

impl Quarantine {
    /// Keeps the record unless it is a redelivery, and drops the oldest where
    /// the quarantine is over its bounds.
    pub fn put(&mut self, poison: &Poison, now: u64, keep: &Keep, totals: &mut Totals) {
        if self.has(poison) {
            return;
        }
        totals.last_quarantined += 1;
        totals.quarantined += 1;
        totals.quarantined_bytes += poison.raw.len() as u64;
        self.records.push_back(Quarantined {
            id: totals.last_quarantined,
            at: now,
            poison: poison.clone(),
        });
        while totals.quarantined > keep.quarantine_rows
            || totals.quarantined_bytes > keep.quarantine_bytes
        {
            let Some(oldest) = self.records.pop_front() else {
                break;
            };
            totals.quarantined -= 1;
            totals.quarantined_bytes -= oldest.poison.raw.len() as u64;
            totals.quarantine_dropped += 1;
        }
    }

    /// Lets these records go, those that are still here.
    pub fn release(&mut self, ids: &[u64], totals: &mut Totals) {
        for id in ids {
            let Ok(place) = self.records.binary_search_by_key(id, |record| record.id) else {
                continue;
            };
            if let Some(gone) = self.records.remove(place) {
                totals.quarantined -= 1;
                totals.quarantined_bytes -= gone.poison.raw.len() as u64;
            }
        }
    }

    fn has(&self, poison: &Poison) -> bool {
        poison.origin.message_id.is_some()
            && self.records.iter().any(|kept| {
                kept.poison.origin.message_id == poison.origin.message_id
                    && kept.poison.code == poison.code
                    && kept.poison.raw == poison.raw
            })
    }

    pub fn after(&self, after: u64, limit: usize) -> Vec<Quarantined> {
        let start = self.records.partition_point(|record| record.id <= after);
        self.records.range(start..).take(limit).cloned().collect()
    }
}
