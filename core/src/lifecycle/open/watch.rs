//! Who came and went since a list was asked for: of these the list may not know.

use std::collections::{BTreeMap, BTreeSet};

use super::super::notice::{Change, Notice};

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Watch {
    began: BTreeSet<String>,
    ended: BTreeMap<String, Ended>,
}

/// Endings of one client.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Ended {
    /// Of these channels.
    pub named: BTreeSet<String>,
    /// Of a connection that the broker did not name.
    pub unnamed: bool,
}

impl Watch {
    pub fn note(&mut self, notice: &Notice) {
        if notice.change == Change::Connect {
            self.began.insert(notice.client.clone());
            return;
        }
        let ended = self.ended.entry(notice.client.clone()).or_default();
        match &notice.channel {
            Some(id) => {
                ended.named.insert(id.clone());
            }
            None => ended.unnamed = true,
        }
    }

    pub fn began(&self, client: &str) -> bool {
        self.began.contains(client)
    }

    pub fn ended(&self, client: &str) -> Option<&Ended> {
        self.ended.get(client)
    }
}
