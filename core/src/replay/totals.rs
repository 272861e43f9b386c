//! Counts of a recording while it grows.

use serde::Serialize;

use super::Replay;

/// Counts of what was pushed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Accepted and rejected.
    pub records: u64,
    /// Accepted, duplicates included.
    pub accepted: u64,
    /// Rejected.
    pub rejected: u64,
    /// Different clients.
    pub clients: u64,
    /// As of the last survey: accepted and equal to an earlier one.
    pub duplicates: u64,
    /// As of the last survey: clients believed online in the end.
    pub online: u64,
    /// As of the last survey: anomalies of every kind.
    pub anomalies: u64,
    /// How many events the last survey saw.
    pub surveyed: u64,
}

impl Replay {
    /// Counts of what was pushed so far.
    pub fn totals(&self) -> Totals {
        let survey = self.surveyed();
        Totals {
            records: self.records(),
            accepted: u64::from(self.columns.len()),
            rejected: self.rejections.len() as u64,
            clients: self.columns.clients.len() as u64,
            duplicates: survey.map_or(0, |survey| survey.duplicates()),
            online: survey.map_or(0, |survey| u64::from(survey.believed_online(u32::MAX))),
            anomalies: survey.map_or(0, |survey| survey.anomalies()),
            surveyed: survey.map_or(0, |survey| u64::from(survey.covers)),
        }
    }
}
