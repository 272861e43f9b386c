//! The `remoting` source against real RocketMQ servers.
#![recursion_limit = "512"]
#![cfg(feature = "remoting")]
#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;

use tokio::sync::Mutex;

mod access;
mod faults;
mod harness;
mod lag;
mod sink;
mod trace;
mod versions;

/// One cluster at a time: each takes two JVMs.
static TURN: LazyLock<Mutex<()>> = LazyLock::new(Mutex::default);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn version_4() {
    let _turn = TURN.lock().await;
    versions::both("4.9.7").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn version_5() {
    let _turn = TURN.lock().await;
    versions::both("5.3.3").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_lag_of_each_queue_is_told() {
    let _turn = TURN.lock().await;
    lag::grows_and_goes("4.9.7").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn faults_are_named_and_survived() {
    let _turn = TURN.lock().await;
    faults::all("4.9.7").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn keys_decide_what_is_read() {
    let _turn = TURN.lock().await;
    access::keys().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn tls_is_verified() {
    let _turn = TURN.lock().await;
    access::tls().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_sink_keeps_the_order_of_a_client() {
    let _turn = TURN.lock().await;
    sink::keeps_the_order_of_a_client("5.3.3").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_of_a_message_is_told_5() {
    let _turn = TURN.lock().await;
    trace::is_told("5.3.3").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_way_of_a_message_is_told_4() {
    let _turn = TURN.lock().await;
    trace::is_told("4.9.7").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broker_without_trace_topic_holds_nothing_up() {
    let _turn = TURN.lock().await;
    trace::without_its_topic("4.9.7").await;
}
