//! Options and filters as callers write them.

use mqtt_presence_core::event::{Kind, Limits};
use mqtt_presence_core::presence::{self, Closing, Status};
use mqtt_presence_core::replay::{AnomalyKind, ClientFilter, EventFilter, Options, Shape, Sort};
use wasm_bindgen::JsValue;

use crate::input;
use crate::output::error;

/// `{closing, takeover, flapCount, flapWindow, lateAfter}`, each optional.
pub(crate) fn options(object: &JsValue) -> Result<Options, JsValue> {
    let mut options = Options {
        rule: rule(object)?,
        ..Options::default()
    };
    if let Some(count) = input::number(object, "flapCount")? {
        options.flap_count = usize::try_from(count).unwrap_or(usize::MAX);
    }
    if let Some(window) = input::number(object, "flapWindow")? {
        options.flap_window = window;
    }
    if let Some(after) = input::number(object, "lateAfter")? {
        options.late_after = after;
    }
    Ok(options)
}

/// `{closing, takeover, lease, retention}`, each optional.
pub(crate) fn rule(object: &JsValue) -> Result<presence::Options, JsValue> {
    let mut options = presence::Options::default();
    if let Some(closing) = input::text(object, "closing")? {
        options.closing = match closing.as_str() {
            "any" => Closing::Any,
            "tcpclean" => Closing::Tcpclean,
            _ => return Err(unknown("closing", &closing)),
        };
    }
    if let Some(takeover) = input::flag(object, "takeover")? {
        options.takeover = takeover;
    }
    options.lease = input::number(object, "lease")?;
    if let Some(retention) = input::number(object, "retention")? {
        options.retention = retention;
    }
    Ok(options)
}

/// `{maxRecord, maxDepth}`, each optional.
pub(crate) fn limits(object: &JsValue) -> Result<Limits, JsValue> {
    let usual = Limits::default();
    let limit = |name, usual| -> Result<usize, JsValue> {
        let given = input::number(object, name)?;
        Ok(given.map_or(usual, |limit| usize::try_from(limit).unwrap_or(usize::MAX)))
    };
    Ok(Limits {
        record: limit("maxRecord", usual.record)?,
        depth: limit("maxDepth", usual.depth)?,
    })
}

/// `{formatIn}`, optional: the name of a format, or `events`.
pub(crate) fn shape(object: &JsValue) -> Result<Shape, JsValue> {
    let Some(word) = input::text(object, "formatIn")? else {
        return Ok(Shape::Detected);
    };
    if word == "events" {
        return Ok(Shape::Events);
    }
    let format = word.parse().map(Shape::Of);
    format.map_err(|_: String| unknown("formatIn", &word))
}

/// `{clients, range, kinds, anomalous}`.
pub(crate) fn events(object: &JsValue) -> Result<EventFilter, JsValue> {
    let range = input::field(object, "range");
    let edge = |range: &JsValue, name| Ok::<_, JsValue>(input::number(range, name)?.unwrap_or(0));
    Ok(EventFilter {
        clients: input::numbers(object, "clients")?,
        range: match range {
            None => None,
            Some(range) => Some((edge(&range, "from")?, edge(&range, "to")?)),
        },
        kinds: input::words(object, "kinds", |word| match word {
            "connect" => Some(Kind::Connect),
            "disconnect" => Some(Kind::Disconnect),
            "tcpclean" => Some(Kind::Tcpclean),
            _ => None,
        })?,
        anomalous: input::flag(object, "anomalous")?.unwrap_or(false),
    })
}

/// `{text, anomalies, status}`.
pub(crate) fn clients(object: &JsValue) -> Result<ClientFilter, JsValue> {
    let status = match input::text(object, "status")?.as_deref() {
        None => None,
        Some("online") => Some(Status::Online),
        Some("offline") => Some(Status::Offline),
        Some(other) => return Err(unknown("status", other)),
    };
    Ok(ClientFilter {
        text: input::text(object, "text")?.unwrap_or_default(),
        anomalies: input::words(object, "anomalies", kind_of)?,
        status,
    })
}

/// The name of an order.
pub(crate) fn sort(word: &str) -> Result<Sort, JsValue> {
    match word {
        "anomalies" => Ok(Sort::Anomalies),
        "flaps" => Ok(Sort::Flaps),
        "name" => Ok(Sort::Name),
        _ => Err(unknown("sort", word)),
    }
}

/// The name of a kind of anomaly.
pub(crate) fn kind(word: &str) -> Result<AnomalyKind, JsValue> {
    kind_of(word).ok_or_else(|| unknown("kind", word))
}

fn kind_of(word: &str) -> Option<AnomalyKind> {
    AnomalyKind::ALL
        .into_iter()
        .find(|kind| kind.as_str() == word)
}

pub(crate) fn unknown(name: &str, word: &str) -> JsValue {
    error("unknown_word", &format!("`{name}` knows no `{word}`"))
}
