//! The event format, the presence rule and the replay of mqtt-presence.
//!
//! Nothing in this crate does I/O, reads a clock, starts a thread or draws a
//! random number: bytes and the current time are arguments, so the native
//! service, the browser page and the JavaScript package give the same answers.
#![forbid(unsafe_code)]

pub mod event;
pub mod presence;
pub mod replay;
