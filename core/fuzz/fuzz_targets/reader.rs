//! Any bytes in any chunks. The first four bytes choose limits and cuts.
#![no_main]

use libfuzzer_sys::fuzz_target;
use mqtt_presence_core::event::Limits;

#[path = "../../tests/bodies/reader.rs"]
mod body;

fuzz_target!(|data: &[u8]| {
    let [record, depth, first, second, input @ ..] = data else {
        return;
    };
    let limits = match record {
        0 => Limits::default(),
        _ => Limits {
            record: usize::from(*record),
            depth: usize::from(*depth),
        },
    };
    body::check(input, &[*first, *second], limits);
});
