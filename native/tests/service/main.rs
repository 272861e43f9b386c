//! The real service, started as a process on a free port.
#![allow(clippy::unwrap_used, missing_docs)]

mod answers;
mod commands;
mod ending;
mod guards;
mod ingest;
mod limits;
mod problems;
mod reconcile;
mod retry;
#[cfg(all(feature = "grpc", feature = "remoting"))]
mod secrets;
mod support;
mod tls;
mod tokens;
mod transitions;
