//! From a real RocketMQ to the answers, with everything that goes wrong on
//! the way: killed services, a killed broker, a store that cannot be written,
//! poison. At the end every answer equals the evaluation in memory of what
//! was sent. One service over a file, and three over each shared store.

#![allow(clippy::unwrap_used)] // a failed expectation is a failed test
#![recursion_limit = "512"]

mod instances;
mod messages;
mod scenario;
mod service;
mod state;

use std::sync::{Mutex, MutexGuard};

use scenario::Source;

/// Three Java servers at once would be too much for two cores.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn turn() -> MutexGuard<'static, ()> {
    ONE_AT_A_TIME
        .lock()
        .unwrap_or_else(|poisoned| poisoned.into_inner())
}

fn one_at_a_time(source: Source, version: &str) {
    let _turn = turn();
    scenario::run(source, version);
}

#[test]
fn remoting_with_rocketmq_4_9_7() {
    one_at_a_time(Source::Remoting, "4.9.7");
}

#[test]
fn remoting_with_rocketmq_5_3_3() {
    one_at_a_time(Source::Remoting, "5.3.3");
}

#[test]
fn grpc_with_rocketmq_5_3_3() {
    one_at_a_time(Source::Grpc, "5.3.3");
}

#[test]
fn three_instances_answer_as_one_through_every_fault() {
    let _turn = turn();
    instances::run();
}

/// A minute of it, unless `cargo xtask soak` says otherwise.
#[test]
fn soak() {
    let _turn = turn();
    instances::soak();
}
