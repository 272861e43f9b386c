//! The event format, the presence rule and the replay of mqtt-presence.
//!
//! Nothing in this crate does I/O, reads a clock, starts a thread or draws a
//! random number: bytes and the current time are arguments, so the native
//! service, the browser page and the JavaScript package give the same answers.
//!
//! Bytes go into a [`Reader`](event::Reader), events into a
//! [`Presence`](presence::Presence) that says who is online now, or into a
//! [`Replay`](replay::Replay) that keeps them all:
//!
//! ```
//! use mqtt_presence_core::event::{Limits, Reader};
//! use mqtt_presence_core::presence::{Options, Presence};
//!
//! let mut reader = Reader::new(Limits::default());
//! let mut presence = Presence::new(Options::default());
//! reader.push(br#"{"clientId":"a","channelId":"c1","eventType":"tcpclean","time":2000}
//! {"clientId":"a","channelId":"c1","eventType":"connect","time":1000}
//! {"clientId":"a","channelId":"c2","eventType":"connect","time":1500}"#);
//! reader.finish();
//!
//! let now = 5000;
//! let mut flips = Vec::new();
//! while let Some(record) = reader.next() {
//!     match record.outcome {
//!         Ok(event) => flips.extend(presence.apply(&event, "", None, now)),
//!         Err(rejected) => panic!("record {}: {}", record.place.record, rejected.message),
//!     }
//! }
//! // The first channel had ended when its connect arrived: only the second flips.
//! assert_eq!(flips.len(), 1);
//! assert_eq!(flips[0].cause.channel_id, "c2");
//! assert!(presence.explain("a", now).online);
//! ```
//!
//! There are no features to switch off.
#![forbid(unsafe_code)]

mod by_hash;
pub mod event;
pub mod lifecycle;
pub mod presence;
pub mod replay;
