//! Three instances in one consumer group over each shared store, while all
//! that they live on is killed, frozen and cut off.

mod backend;
mod fault;
mod follower;
mod proxy;
mod soak;
mod tally;
mod team;
mod verdict;

use std::io::Write as _;
use std::thread;
use std::time::{Duration, Instant};

use mqtt_presence::source::remoting::Producer;
use mqtt_presence_core::event::Event;
use mqtt_presence_core::presence::{Options, Presence};
use tokio::runtime::Runtime;
use xtask::random::Random;
use xtask::rocketmq::{Cluster, StartOptions};

use backend::Backend;
use fault::Fault;
use team::Team;
use verdict::Verdict;

use crate::messages;

pub use soak::run as soak;

const TOPIC: &str = "instances";
/// Events that each store gets, unless the variable says otherwise.
const EVENTS: u64 = 100_000;
const VARIABLE: &str = "INSTANCES_EVENTS";
/// Events that one client has, about.
const PER_CLIENT: u64 = 5;
/// Events a second at most: with many, each fault strikes more than once.
const RATE: u64 = 5_000;
/// Pieces in which they are sent.
const PIECE: Duration = Duration::from_millis(200);

/// Prints a table of faults and what went wrong, which must be nothing.
pub fn run() {
    let events = std::env::var(VARIABLE).map_or(EVENTS, |text| text.parse().unwrap());
    let began = Instant::now();
    let scratch = tempfile::tempdir().unwrap();
    let backends = Backend::each(scratch.path());
    let options = StartOptions::new("5.3.3", scratch.path().join("rocketmq")).topic(TOPIC, 9);
    let mut cluster = Cluster::start(backends.iter().fold(options, |options, backend| {
        options.group(team::group(backend))
    }))
    .unwrap();
    let mut teams: Vec<Team> = backends
        .into_iter()
        .map(|backend| Team::start(backend, cluster.namesrv(), TOPIC, scratch.path()))
        .collect();
    let runtime = Runtime::new().unwrap();
    let producer = runtime.block_on(messages::producer(cluster.namesrv(), TOPIC));

    let all = messages::events((events / PER_CLIENT) as u32, events);
    let poison = messages::poison();
    let mut left = (&all[..], &poison[..]);
    let mut expected = Presence::new(Options::default());
    let mut random = Random(events);
    let mut rows = Vec::new();
    say(
        "\n| store | fault | times | events | wrong | lost | doubled | missing |\n\
         |---|---|---:|---:|---:|---:|---:|---:|\n",
    );
    let seconds: u64 = Fault::ALL.iter().map(|fault| fault.seconds()).sum();
    for (place, fault) in Fault::ALL.into_iter().enumerate() {
        let last = place + 1 == Fault::ALL.len();
        let (share, part) = match last {
            true => (left.0.len(), left.1.len()),
            false => (
                all.len() * fault.seconds() as usize / seconds as usize,
                poison.len() / Fault::ALL.len(),
            ),
        };
        let (now, later) = left.0.split_at(share);
        let (bad, worse) = left.1.split_at(part);
        left = (later, worse);
        let rate = (share as u64 / fault.seconds()).clamp(1, RATE);
        let strikes = strike_during(fault, &mut cluster, &mut teams, &mut random, || {
            runtime.block_on(send(&producer, now, bad, rate));
        });
        messages::add(&mut expected, now);
        let patience = Duration::from_secs(120 + events / 2_000);
        for team in &mut teams {
            let given = poison.len() - left.1.len();
            let verdict = team.settle(&expected, given, patience, &runtime);
            let Verdict {
                wrong,
                lost,
                doubled,
                missing,
                ..
            } = verdict;
            let (store, name, events) = (team.backend.name(), fault.name(), now.len());
            say(&format!(
                "| {store} | {name} | {strikes} | {events} | {wrong} | {lost} | {doubled} | {missing} |\n"
            ));
            rows.push((store, name, verdict));
        }
    }
    runtime.block_on(producer.shutdown());

    for team in &teams {
        let (flips, hops) = team.heard(|heard| (heard.flips.len(), heard.hops));
        say(&format!(
            "{}: {flips} transitions told to a follower that went to another instance {hops} times\n",
            team.backend.name()
        ));
    }
    say(&format!(
        "{events} events of {} clients in {:.0} s\n",
        expected.iter().count(),
        began.elapsed().as_secs_f32()
    ));
    for (store, fault, verdict) in &rows {
        let examples = &verdict.examples;
        assert!(verdict.is_clean(), "{store}, {fault}: {examples:#?}");
    }
}

/// Strikes again and again while `send` runs; how often it did.
fn strike_during(
    fault: Fault,
    cluster: &mut Cluster,
    teams: &mut [Team],
    random: &mut Random,
    send: impl FnOnce() + Send,
) -> u64 {
    let mut strikes = 0;
    thread::scope(|scope| {
        let sending = scope.spawn(send);
        thread::sleep(Duration::from_secs(1));
        while strikes == 0 || !sending.is_finished() {
            fault.strike(cluster, teams, random);
            strikes += 1;
            let end = Instant::now() + fault.rest();
            while Instant::now() < end && !sending.is_finished() {
                thread::sleep(Duration::from_millis(100));
            }
        }
    });
    strikes
}

/// Not by a macro, whose words a test that succeeds keeps to itself.
fn say(text: &str) {
    std::io::stderr().write_all(text.as_bytes()).unwrap();
}

/// So many events a second, after the rejected ones.
async fn send(producer: &Producer, events: &[Event], poison: &[String], rate: u64) {
    messages::send_poison(producer, poison).await;
    let began = Instant::now();
    let piece = (rate as usize * PIECE.as_millis() as usize / 1_000).max(1);
    for (number, events) in events.chunks(piece).enumerate() {
        let due = PIECE * number as u32;
        tokio::time::sleep(due.saturating_sub(began.elapsed())).await;
        producer.send(events).await.unwrap();
    }
}
