//! The presence rule as properties, on small random deliveries where ids,
//! times and origins collide as often as they can.
#![allow(clippy::unwrap_used)]

mod batches;
mod deliveries;
mod forgetting;
mod join;
mod oracle;
mod packing;
mod snapshot;
mod transitions;
