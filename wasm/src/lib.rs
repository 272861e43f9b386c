//! mqtt-presence for JavaScript, two ways.
//!
//! Feature `page`: [`Replay`] is a recording to look at. Answers are typed
//! arrays wherever they may be long, never an object an event.
//!
//! Feature `package`: [`Presence`] is the live state, [`Recording`] a recording
//! and its answers, [`Reader`] what both read with. Long answers are JSON.
//!
//! What goes wrong is thrown as an object with `code` and `message`.
// Each feature takes a part of what they share.
#![cfg_attr(not(all(feature = "page", feature = "package")), allow(dead_code))]

#[cfg(feature = "package")]
mod events;
mod filter;
#[cfg(feature = "package")]
mod flips;
mod input;
mod output;
mod panic;
#[cfg(feature = "package")]
mod presence;
#[cfg(feature = "package")]
mod recording;
#[cfg(feature = "page")]
mod replay;
#[cfg(feature = "page")]
mod report;

#[cfg(feature = "package")]
pub use events::Reader;
pub use panic::{panicked, take_panic};
#[cfg(feature = "package")]
pub use presence::Presence;
#[cfg(feature = "package")]
pub use recording::Recording;
#[cfg(feature = "page")]
pub use replay::Replay;
