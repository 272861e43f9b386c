//! What is stored beside what should be.

use std::collections::{BTreeMap, HashSet};

use mqtt_presence::store::{Selection, Store, StoreError};
use mqtt_presence_core::event::Kind;
use mqtt_presence_core::presence::{Channel, Client, Presence};
use serde_json::{Value, json};

/// What `/v1/stats` counts. More than `poison` rejected records are as good: a
/// send that got no answer is tried again, and may write two messages.
pub fn counts(stats: &Value, poison: usize) -> Value {
    let quarantined = stats["quarantined"].as_u64().unwrap_or_default();
    json!([
        stats["clients"],
        stats["online"],
        quarantined.min(poison as u64),
        stats["channels"]
    ])
}

/// The same of the evaluation in memory, with so many rejected records.
pub fn counts_of(expected: &Presence, poison: usize) -> Value {
    let stats = expected.stats(1);
    json!([stats.clients, stats.online, poison, stats.channels])
}

/// Clients whose stored channels are not those of the evaluation in memory,
/// and messages that were rejected twice; each holds one record.
/// Where a fact came from is left out: a message has an id, an event has none.
pub async fn differences(
    stored: &dyn Store,
    expected: &Presence,
) -> Result<Vec<String>, StoreError> {
    let mut different = Vec::new();
    let mut seen = 0;
    let mut selection = Selection {
        status: None,
        prefix: String::new(),
        after: None,
        limit: 1_000,
    };
    loop {
        let page = stored.list(&selection, 1).await?;
        let Some((last, _)) = page.last() else { break };
        selection.after = Some(last.clone());
        seen += page.len();
        for (id, client) in page {
            let wanted = expected.client(&id).map(|client| facts(&client));
            if wanted.as_ref() != Some(&facts(&client)) {
                different.push(format!(
                    "{id}: stored {:?}, expected {wanted:?}",
                    facts(&client)
                ));
            }
        }
    }
    if seen != expected.iter().count() {
        different.push(format!("{seen} clients are stored"));
    }
    let mut messages = HashSet::new();
    for rejected in stored.quarantine(0, 10_000).await? {
        let id = rejected.poison.origin.message_id;
        if !messages.insert(id.clone()) {
            different.push(format!("message {id:?} is in quarantine twice"));
        }
    }
    Ok(different)
}

type Facts = [Option<(u64, Option<String>)>; 3];

fn facts(client: &Client) -> BTreeMap<String, Facts> {
    let facts = |channel: &Channel| {
        [Kind::Connect, Kind::Disconnect, Kind::Tcpclean].map(|kind| {
            let fact = channel.slot(kind)?;
            Some((fact.time, fact.client_ip.clone()))
        })
    };
    let channels = client.channels.iter();
    channels
        .map(|(id, channel)| (id.clone(), facts(channel)))
        .collect()
}
