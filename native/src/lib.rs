//! The parts of the `mqtt-presence` service: sources, stores, the pipeline
//! between them, sinks, the HTTP API and the command line.
#![recursion_limit = "512"]

pub mod api;
mod authorities;
mod backoff;
pub mod cli;
pub mod clock;
pub mod config;
pub mod fleet;
mod follow;
mod loopback;
pub mod pipeline;
pub mod sink;
pub mod source;
pub mod store;
pub mod trace;
