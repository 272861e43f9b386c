//! From a RocketMQ message's body to a delivery, the same for every client, and
//! when its bytes are read again.

use std::mem;

use mqtt_presence_core::event::{Code, Limits, Reader};

use crate::pipeline::Delivery;
use crate::store::{Origin, Poison};

/// Adds a message to the delivery: its good records as events; and, when any
/// record of it is bad or there is none, the whole message as poison with the
/// first error. The good records of such a message count all the same.
pub(crate) fn read(body: &[u8], mut origin: Origin, limits: Limits, delivery: &mut Delivery) {
    let mut reader = Reader::new(limits);
    reader.push(body);
    reader.finish();
    let mut first_error = None;
    let mut next = reader.next();
    let empty = next.is_none();
    while let Some(record) = next {
        next = reader.next();
        match record.outcome {
            Ok(event) => {
                // Most messages hold one record, which needs no copy.
                let last = next.is_none() && first_error.is_none();
                let from = match last {
                    true => mem::take(&mut origin),
                    false => origin.clone(),
                };
                delivery.events.push((event, from));
            }
            Err(rejected) if first_error.is_none() => first_error = Some(rejected),
            Err(_) => {}
        }
    }
    let (code, field, message) = match first_error {
        Some(rejected) => (rejected.code, rejected.field, rejected.message),
        None if empty => (
            Code::InvalidJson,
            None,
            "the message has no record: its body is empty".to_owned(),
        ),
        None => return,
    };
    delivery.poison.push(Poison {
        origin,
        code: code.to_string(),
        field,
        message,
        raw: body.to_vec(),
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str = r#"{"clientId":"c","channelId":"n","eventType":"connect","time":1}"#;

    fn check(body: &str, events: usize, poison: Option<(&str, Option<&str>)>) {
        let origin = Origin {
            source: "remoting".into(),
            message_id: Some("m".into()),
            ..Origin::default()
        };
        let mut delivery = Delivery::default();
        read(
            body.as_bytes(),
            origin.clone(),
            Limits::default(),
            &mut delivery,
        );
        assert_eq!(delivery.events.len(), events, "{body}");
        assert!(delivery.events.iter().all(|(_, from)| *from == origin));
        match poison {
            None => assert!(delivery.poison.is_empty(), "{:?}", delivery.poison),
            Some((code, field)) => {
                let [only] = &delivery.poison[..] else {
                    panic!("{:?}", delivery.poison)
                };
                assert_eq!((only.code.as_str(), only.field.as_deref()), (code, field));
                assert_eq!(
                    (only.raw.as_slice(), &only.origin),
                    (body.as_bytes(), &origin)
                );
            }
        }
    }

    #[test]
    fn a_message_is_events_or_poison_or_both() {
        check(GOOD, 1, None);
        check(&format!("[{GOOD},{GOOD}]"), 2, None);
        check("", 0, Some(("invalid_json", None)));
        check(" \n", 0, Some(("invalid_json", None)));
        check("{}", 0, Some(("missing_field", Some("clientId"))));
        check(
            &format!("{{}}\n{GOOD}\nnoise\n{GOOD}"),
            2,
            Some(("missing_field", Some("clientId"))),
        );
    }
}
