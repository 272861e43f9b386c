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

use scenario::Source;

// As many at once as the machine has cores: half of their time they wait for a
// server that starts, or for a fault to pass.

#[test]
fn remoting_with_rocketmq_4_9_7() {
    scenario::run(Source::Remoting, "4.9.7");
}

#[test]
fn remoting_with_rocketmq_5_3_3() {
    scenario::run(Source::Remoting, "5.3.3");
}

#[test]
fn grpc_with_rocketmq_5_3_3() {
    scenario::run(Source::Grpc, "5.3.3");
}

#[test]
fn three_instances_answer_as_one_through_every_fault() {
    instances::run();
}

/// A minute of it, unless `cargo xtask soak` says otherwise.
#[test]
fn soak() {
    instances::soak();
}
