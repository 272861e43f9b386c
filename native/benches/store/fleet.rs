//! What is committed.

use std::sync::Arc;

use mqtt_presence::fleet::{Fleet, FleetConfig};
use mqtt_presence::store::{Batch, Origin};

/// The events of a fleet in batches of this size, as a source hands them over.
pub fn batches(clients: u64, events: u64, size: u64) -> Vec<Arc<Batch>> {
    let config = FleetConfig {
        clients: clients as u32,
        events,
        duplicate: "0.05".parse().unwrap(),
        shuffle: 200,
        ..FleetConfig::default()
    };
    let mut fleet = (1u64..).zip(Fleet::new(config)).peekable();
    let mut batches = Vec::new();
    while fleet.peek().is_some() {
        let events = fleet.by_ref().take(size as usize).map(|(number, event)| {
            let origin = Origin {
                source: "remoting".into(),
                message_id: Some(format!("7F000001{number:024X}")),
                topic: Some("presence".to_owned()),
                queue: Some(number as u32 % 4),
                offset: Some(number / 4),
            };
            (event, origin)
        });
        let events: Vec<_> = events.collect();
        let now = events.last().map_or(0, |(event, _)| event.time);
        batches.push(Arc::new(Batch {
            events,
            now,
            ..Batch::default()
        }));
    }
    batches
}
