//! A rejected record, as the report shows it.

use mqtt_presence_core::event::{Code, Place, Rejected};
use serde::Serialize;

/// Keys in the order of the report's errors.
#[derive(Serialize)]
pub(crate) struct Rejection {
    #[serde(flatten)]
    place: Place,
    code: Code,
    field: Option<String>,
    message: String,
}

impl Rejection {
    pub(crate) fn new(place: Place, rejected: Rejected) -> Rejection {
        Rejection {
            place,
            code: rejected.code,
            field: rejected.field,
            message: rejected.message,
        }
    }
}
