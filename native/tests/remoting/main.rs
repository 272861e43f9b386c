//! The `remoting` source against real RocketMQ servers.
#![recursion_limit = "512"]
#![cfg(feature = "remoting")]
#![allow(clippy::unwrap_used)]

mod faults;
mod harness;
mod keys;
mod lag;
#[path = "../service/large.rs"]
mod large;
mod sink;
#[allow(dead_code)] // Other tests use the rest.
#[path = "../service/support.rs"]
mod support;
mod tls;
mod trace;
mod versions;

// As many at once as the machine has cores: half of their time they wait for a
// server that starts, or for a fault to pass.

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn version_4() {
    versions::both("4.9.7").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn version_5() {
    versions::both("5.3.3").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lag_of_each_queue_is_told() {
    lag::grows_and_goes("4.9.7").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_are_named_and_survived() {
    faults::all("4.9.7").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_client_that_ends_by_itself_is_survived() {
    faults::ends_by_itself().await;
}

#[test]
fn keys_of_version_4_decide() {
    keys::decide("4.9.7");
}

#[test]
fn keys_of_version_5_decide() {
    keys::decide("5.3.3");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_of_version_4_is_verified() {
    tls::is_verified("4.9.7").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_of_version_5_is_verified() {
    tls::is_verified("5.3.3").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_keeps_the_order_of_a_client() {
    sink::keeps_the_order_of_a_client("5.3.3").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_of_a_message_is_told_5() {
    trace::is_told("5.3.3").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_of_a_message_is_told_4() {
    trace::is_told("4.9.7").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_without_trace_topic_holds_nothing_up() {
    trace::without_its_topic("4.9.7").await;
}
