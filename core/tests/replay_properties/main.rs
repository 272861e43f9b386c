//! Replay against independent oracles, on random recordings.
#![allow(clippy::unwrap_used)]

mod anomalies;
mod axes;
mod busy;
mod chunks;
mod looking;
mod oracle;
mod recording;
mod recordings;
mod screen;
mod shards;
