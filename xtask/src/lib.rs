//! What the build, run, test and bench commands share: above all a real
//! RocketMQ on this machine, a real Redis, and a real Mosquitto.

pub mod api;
pub mod bench;
pub mod binaries;
pub mod certificates;
pub mod child;
pub mod conformance;
pub mod devices;
pub mod http;
pub mod maven;
pub mod mosquitto;
pub mod package;
pub mod page;
pub mod place;
pub mod postgres;
pub mod random;
pub mod readme;
pub mod redis;
pub mod rocketmq;
pub mod run;
pub mod soak;
pub mod step;
pub mod test;
pub mod tool;
