//! From real brokers, Mosquitto and Moquette, with real MQTT clients of two
//! libraries to the answers of a running service. With `--nocapture` it prints the table
//! broker × case, with the time from the broker's own notice to the answer.
#![cfg(feature = "bridge")]
#![allow(clippy::unwrap_used)] // a failed expectation is a failed test

mod large;
mod list;
mod moquette;
mod paho;
mod refused;
mod restart;
mod road;
mod rocketmq;
mod rumqtt;
mod store;
mod tls;
mod unlisted;
