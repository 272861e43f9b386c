//! The real service, started as a process on a free port.
#![allow(clippy::unwrap_used, missing_docs)]

mod answers;
mod commands;
mod ending;
mod guards;
mod idle;
mod ingest;
mod limits;
mod problems;
mod receiver;
mod reconcile;
mod retry;
mod rolling;
#[cfg(all(feature = "grpc", feature = "remoting"))]
mod secrets;
mod sinks;
mod support;
mod tls;
mod tokens;
mod trace;
mod transitions;
