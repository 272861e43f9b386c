//! Answers and counts against the rule in memory.

use mqtt_presence::store::{Batch, Keep};
use mqtt_presence_core::event::Kind::{Connect, Tcpclean};
use mqtt_presence_core::presence::{Closing, Options, Presence, Status};
use xtask::random::Random;

use crate::fleet::{NOW, batch, event, random};
use crate::{Bench, Open};

pub async fn answers_equal_the_rule(open: Open) {
    equal(open, Options::default(), 1).await;
}

pub async fn answers_equal_the_rule_with_takeover(open: Open) {
    let options = Options {
        takeover: true,
        ..Options::default()
    };
    equal(open, options, 2).await;
}

pub async fn answers_equal_the_rule_with_tcpclean_and_lease(open: Open) {
    let options = Options {
        closing: Closing::Tcpclean,
        lease: Some(60_000),
        ..Options::default()
    };
    equal(open, options, 3).await;
}

/// Random batches, with forgetting in between: after each, the store and the
/// rule say the same of every client, and the flips are the same.
async fn equal(open: Open, options: Options, seed: u64) {
    let bench = open(options.clone(), Keep::default());
    let mut presence = Presence::new(options.clone());
    let mut numbers = Random(seed);
    let mut now = NOW;
    for round in 0..60 {
        now += numbers.below(20_000);
        let events = (0..=numbers.below(40)).map(|_| random(&mut numbers));
        let batch = Batch {
            events: events.collect(),
            now,
            ..Batch::default()
        };
        let mut flips = Vec::new();
        for (event, origin) in &batch.events {
            let message = origin.message_id.as_deref();
            flips.extend(
                presence
                    .apply(event, &origin.label(), message, now)
                    .map(|mut flip| {
                        flip.cause.topic.clone_from(&origin.topic);
                        (flip.cause.queue, flip.cause.offset) = (origin.queue, origin.offset);
                        flip
                    }),
            );
        }
        let transitions = bench.commit(batch).await;
        let told: Vec<_> = transitions.into_iter().map(|t| t.transition).collect();
        assert_eq!(told, flips, "round {round}");
        if round % 20 == 19 {
            let later = now + options.retention - 30_000;
            let gone = bench.store.forget(later).await.unwrap();
            assert_eq!(gone, presence.forget(later) as u64);
        }
        compare(&bench, &presence, now).await;
        compare(&bench, &presence, now + 100_000).await;
    }
}

pub async fn compare(bench: &Bench, presence: &Presence, now: u64) {
    let all: Vec<(String, _)> = presence
        .iter()
        .map(|(id, client)| (id.to_owned(), client))
        .collect();
    let ids: Vec<String> = all.iter().map(|(id, _)| id.clone()).collect();
    let clients = bench.store.clients(&ids).await.unwrap();
    for ((id, expected), client) in all.iter().zip(clients) {
        assert_eq!(client.as_ref(), Some(expected), "client {id}");
    }
    let expected = presence.stats(now);
    let stats = bench.store.stats(now).await.unwrap();
    assert_eq!(stats.clients, expected.clients);
    assert_eq!(stats.online, expected.online);
    assert_eq!(stats.channels, expected.channels.iter().collect::<Vec<_>>());
}

pub async fn repeats_change_nothing(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let events = [event("a", "1", Connect, NOW), event("b", "2", Connect, NOW)];
    assert_eq!(bench.commit(batch(NOW, events.clone())).await.len(), 2);
    let ids = ["a".to_owned(), "b".to_owned()];
    let before = bench.store.clients(&ids).await.unwrap();
    assert_eq!(bench.commit(batch(NOW + 5, events.clone())).await, []);
    let twice = events.iter().chain(&events).cloned();
    assert_eq!(bench.commit(batch(NOW + 9, twice)).await, []);
    assert_eq!(bench.store.clients(&ids).await.unwrap(), before);
    assert_eq!(bench.store.stats(NOW).await.unwrap().last_transition, 2);
}

pub async fn clients_come_in_the_order_asked(open: Open) {
    let bench = open(Options::default(), Keep::default());
    let odd = ["z", "a\0b", "ä", "GID_x@@@1", "%", "z"].map(str::to_owned);
    let connects = odd.iter().map(|id| event(id, "c", Connect, NOW));
    bench.commit(batch(NOW, connects)).await;
    bench
        .commit(batch(NOW, [event("%", "c", Tcpclean, NOW + 1)]))
        .await;
    let asked = ["never", "z", "%", "a\0b", "z", "", "ä"].map(str::to_owned);
    let clients = bench.store.clients(&asked).await.unwrap();
    let statuses: Vec<_> = clients
        .iter()
        .map(|c| c.as_ref().map(|c| c.status(&Options::default(), NOW)))
        .collect();
    let online = Some(Status::Online);
    let offline = Some(Status::Offline);
    assert_eq!(
        statuses,
        [None, online, offline, online, online, None, online]
    );
    let many: Vec<String> = (0..10_000).map(|n| format!("client {n}")).collect();
    assert_eq!(
        bench.store.clients(&many).await.unwrap(),
        vec![None; 10_000]
    );
}
