//! The real service, started as a process on a free port.
#![allow(clippy::unwrap_used, missing_docs)]

mod answers;
mod commands;
mod ending;
mod guards;
mod ingest;
mod problems;
mod receiver;
mod reconcile;
mod retry;
mod rolling;
mod sinks;
mod support;
mod transitions;
