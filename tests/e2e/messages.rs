//! What is sent, and what must come of it.

use mqtt_presence::fleet::{Fleet, FleetConfig};
use mqtt_presence::source::remoting::{Config, Producer};
use mqtt_presence_core::event::Event;
use mqtt_presence_core::presence::{Options, Presence};

/// Accepted events, and how many clients they are of.
pub const EVENTS: u64 = 200_000;
pub const CLIENTS: u32 = 20_000;

/// Messages that no reader can accept, each another text.
pub const POISON: usize = 100;

/// A fleet on a bad day.
pub fn events(clients: u32, events: u64) -> Vec<Event> {
    let config = FleetConfig {
        clients,
        events,
        seed: 11,
        loss: "1%".parse().unwrap(),
        duplicate: "5%".parse().unwrap(),
        shuffle: 300,
        ..FleetConfig::default()
    };
    Fleet::new(config).collect()
}

/// Bodies with a fault each.
pub fn poison() -> Vec<String> {
    (0..POISON)
        .map(|number| match number % 5 {
            0 => format!("no JSON, number {number}"),
            1 => format!(r#"{{"clientId":"poison-{number}","channelId":"c""#),
            2 => format!(r#"{{"clientId":"poison-{number}","channelId":"c","eventType":"connect"}}"#),
            3 => format!(r#"{{"clientId":"poison-{number}","channelId":"c","eventType":"born","time":1}}"#),
            _ => format!(r#"{{"clientId":"poison-{number}","channelId":"c","eventType":"connect","time":-1}}"#),
        })
        .collect()
}

/// Who sends to the topic.
pub async fn producer(namesrv: &str, topic: &str) -> Producer {
    let config = Config::new(namesrv, topic, "GID_producer");
    Producer::start(&config).await.unwrap()
}

/// Sends bodies that are none.
pub async fn send_poison(producer: &Producer, bodies: &[String]) {
    for body in bodies {
        let sent = producer.send_raw("connect", "poison", body.clone());
        sent.await.unwrap();
    }
}

/// The state that these events must give, whatever happens on the way.
pub fn evaluate(events: &[Event]) -> Presence {
    let mut presence = Presence::new(Options::default());
    add(&mut presence, events);
    presence
}

/// The same after further events.
pub fn add(presence: &mut Presence, events: &[Event]) {
    for event in events {
        presence.apply(event, "", None, 1);
    }
}
