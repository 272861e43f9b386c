//! mqtt-presence for JavaScript.
//!
//! [`Replay`] is a recording to look at. Answers are typed arrays wherever
//! they may be long, never an object an event; what goes wrong is thrown as an
//! object with `code` and `message`.

mod filter;
mod input;
mod output;
mod panic;
mod replay;
mod report;

pub use panic::panicked;
pub use replay::Replay;
