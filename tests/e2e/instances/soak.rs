//! Faults drawn by lot strike one team for as long as wanted, and after each
//! of them everything is judged.

use std::slice::from_mut;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use mqtt_presence::fleet::{Fleet, FleetConfig};
use mqtt_presence_core::event::Event;
use mqtt_presence_core::presence::{Options, Presence};
use tokio::runtime::Runtime;
use xtask::random::Random;
use xtask::rocketmq::{Cluster, StartOptions};

use super::backend::Backend;
use super::fault::Fault;
use super::tally::Tally;
use super::team::{self, Team};
use super::{TOPIC, say, send, strike_during};
use crate::messages;

const CLIENTS: u32 = 5_000;
/// Events a second while a fault strikes.
const RATE: u64 = 500;
/// How long everything may take to be right again after a fault.
const PATIENCE: Duration = Duration::from_secs(180);
/// Offsets are stored every 5 s, and queues change hands after a kill.
const LAG_PATIENCE: Duration = Duration::from_secs(120);

/// Ends at the first round that left anything wrong.
pub fn run() {
    let minutes: u64 = variable("SOAK_MINUTES", "1").parse().unwrap();
    let seed: u64 = variable("SOAK_SEED", "1").parse().unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let backend = Backend::start(&variable("SOAK_STORE", "redis"), scratch.path());
    let group = team::group(&backend);
    let options = StartOptions::new("5.3.3", scratch.path().join("rocketmq"))
        .topic(TOPIC, 9)
        .group(&group);
    let mut cluster = Cluster::start(options).unwrap();
    let mut team = Team::start(backend, cluster.namesrv(), TOPIC, scratch.path());
    let runtime = Runtime::new().unwrap();
    let stopped = stop_at_ctrl_c(&runtime);
    let producer = runtime.block_on(messages::producer(cluster.namesrv(), TOPIC));

    let mut fleet = fleet(seed, minutes);
    let mut expected = Presence::new(Options::default());
    let mut random = Random(seed);
    let mut bad = messages::poison();
    let poison = bad.len();
    let mut tally = Tally::new(team.backend.name(), seed);
    let end = Instant::now() + Duration::from_secs(60 * minutes);
    while Instant::now() < end && !stopped.load(Ordering::Relaxed) {
        let fault = Fault::ALL[random.below(Fault::ALL.len() as u64) as usize];
        let count = (RATE * fault.seconds()) as usize;
        let events: Vec<Event> = fleet.by_ref().take(count).collect();
        let bad = std::mem::take(&mut bad);
        let strikes = strike_during(
            fault,
            &mut cluster,
            from_mut(&mut team),
            &mut random,
            || {
                runtime.block_on(send(&producer, &events, &bad, RATE));
            },
        );
        messages::add(&mut expected, &events);
        let healing = Instant::now();
        let verdict = team.settle(&expected, poison, PATIENCE, &runtime);
        let healed = healing.elapsed();
        let lag = lag_at_rest(&cluster, &group);
        tally.resident(team.instances.iter().map(|one| one.service.resident()));
        tally.round(fault, strikes, events.len(), healed, lag, verdict);
        if tally.fault().is_some() {
            break;
        }
    }
    if stopped.load(Ordering::Relaxed) {
        say("Ctrl-C: ended after the last round\n");
    }
    runtime.block_on(producer.shutdown());
    let fault = tally.fault();
    drop(tally);
    assert!(fault.is_none(), "{}", fault.unwrap_or_default());
}

fn variable(name: &str, otherwise: &str) -> String {
    std::env::var(name).unwrap_or_else(|_| otherwise.to_owned())
}

/// On a bad day, and longer than the faults can strike.
fn fleet(seed: u64, minutes: u64) -> Fleet {
    Fleet::new(FleetConfig {
        clients: CLIENTS,
        events: RATE * 60 * (minutes + 5),
        seed,
        loss: "1%".parse().unwrap(),
        duplicate: "5%".parse().unwrap(),
        shuffle: 300,
        ..FleetConfig::default()
    })
}

fn stop_at_ctrl_c(runtime: &Runtime) -> Arc<AtomicBool> {
    let stopped = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&stopped);
    runtime.spawn(async move {
        tokio::signal::ctrl_c().await.unwrap();
        flag.store(true, Ordering::Relaxed);
    });
    stopped
}

/// Messages whose offsets the group has not stored, once nothing is sent any
/// more: 0, or what is left after a while.
fn lag_at_rest(cluster: &Cluster, group: &str) -> u64 {
    let end = Instant::now() + LAG_PATIENCE;
    loop {
        let progress = cluster.admin(&["consumerProgress", "-g", group]);
        let lag = progress.ok().as_deref().and_then(lag_of);
        match lag {
            Some(0) => return 0,
            // A broker that was just killed may list no queue yet.
            _ if Instant::now() > end => return lag.unwrap_or(u64::MAX),
            _ => thread::sleep(Duration::from_secs(1)),
        }
    }
}

/// The ends of the topic's queues beyond the group's offsets.
fn lag_of(progress: &str) -> Option<u64> {
    // Topic, broker, queue, its end, the group's offset.
    let lags = progress.lines().filter_map(|line| {
        let mut columns = line.split_whitespace();
        columns.next().filter(|topic| *topic == TOPIC)?;
        let end: u64 = columns.nth(2)?.parse().ok()?;
        let offset: u64 = columns.next()?.parse().ok()?;
        Some(end.saturating_sub(offset))
    });
    lags.fold(None, |sum: Option<u64>, lag| Some(sum.unwrap_or(0) + lag))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lag_is_summed_over_the_queues_of_the_topic() {
        let text = "#Topic #Broker #QID #Broker Offset #Consumer Offset\n\
                    %RETRY%GID_redis broker-a 0 9 0 N/A 9\n\
                    instances broker-a 0 12 10 N/A 2\n\
                    instances broker-a 1 7 4 N/A 3\n";
        assert_eq!(lag_of(text), Some(5));
        assert_eq!(lag_of("no queue of it"), None);
    }
}
