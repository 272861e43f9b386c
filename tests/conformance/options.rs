//! Options as the replay vectors write them, for every Rust program that runs them.

use mqtt_presence_core::presence::Closing;
use mqtt_presence_core::replay::{Options, View};
use serde::Deserialize;

#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct VectorOptions {
    closing: Option<Closing>,
    takeover: Option<bool>,
    after: Option<u64>,
    at: Option<u64>,
    flap_count: Option<usize>,
    flap_window: Option<u64>,
    late_after: Option<u64>,
}

impl VectorOptions {
    pub fn replay(&self) -> Options {
        let mut options = Options::default();
        options.rule.closing = self.closing.unwrap_or_default();
        options.rule.takeover = self.takeover.unwrap_or_default();
        options.flap_count = self.flap_count.unwrap_or(options.flap_count);
        options.flap_window = self.flap_window.unwrap_or(options.flap_window);
        options.late_after = self.late_after.unwrap_or(options.late_after);
        options
    }

    pub fn view(&self) -> View {
        match (self.after, self.at) {
            (None, None) => View::Whole,
            (Some(records), None) => View::After(records),
            (None, Some(time)) => View::At(time),
            (Some(_), Some(_)) => panic!("a vector has `after` or `at`, not both"),
        }
    }
}
