//! The `mqtt-presence` command.
#![recursion_limit = "512"]

fn main() {}
