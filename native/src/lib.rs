//! The parts of the `mqtt-presence` service: sources, stores, the pipeline
//! between them, the HTTP API and the command line.
#![recursion_limit = "512"]

pub mod api;
pub mod cli;
pub mod clock;
pub mod config;
pub mod fleet;
pub mod pipeline;
pub mod source;
pub mod store;
