//! The event that flipped an answer, and where its message lies, for people.

use serde_json::Value;

use super::safe::{safe, text};

/// `online` or `offline`, as a transition has it.
pub(super) fn answer(transition: &Value) -> &'static str {
    if transition["online"] == true {
        "online"
    } else {
        "offline"
    }
}

/// `connect of channel c1`
pub(super) fn event(cause: &Value) -> String {
    format!(
        "{} of channel {}",
        text(&cause["eventType"]),
        text(&cause["channelId"])
    )
}

/// `connect of channel c1, message 7F… at events:3:17` (topic, queue, offset);
/// what is not known is left out.
pub(super) fn with_message(cause: &Value) -> String {
    let mut said = event(cause);
    if cause["messageId"].is_string() {
        said += &format!(", message {}", text(&cause["messageId"]));
        said += &place(cause)
            .map(|place| format!(" at {place}"))
            .unwrap_or_default();
    }
    said
}

/// `topic:queue:offset`.
pub(super) fn place(message: &Value) -> Option<String> {
    Some(format!(
        "{}:{}:{}",
        safe(message["topic"].as_str()?),
        message["queue"].as_u64()?,
        message["offset"].as_u64()?
    ))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    #[test]
    fn what_is_not_known_is_left_out() {
        let mut cause = json!({"eventType": "connect", "channelId": "c", "messageId": null});
        assert_eq!(super::with_message(&cause), "connect of channel c");
        cause["messageId"] = json!("7F");
        assert_eq!(
            super::with_message(&cause),
            "connect of channel c, message 7F"
        );
        (cause["topic"], cause["queue"], cause["offset"]) = (json!("t"), json!(3), json!(17));
        assert_eq!(
            super::with_message(&cause),
            "connect of channel c, message 7F at t:3:17"
        );
    }
}
