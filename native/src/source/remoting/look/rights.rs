//! What the keys may do at one broker, asked without doing it. Brokers of 4.x
//! look at no topic and group when they are asked for offsets, so each is asked
//! for by a question of its own.

use super::super::config::Config;
use super::answer::Servers;
use super::{Complaint, Trouble};

/// Codes of requests.
const SEND: i32 = 10;
const MESSAGES_OF_KEY: i32 = 12;
const MEMBER_IDS: i32 = 38;

/// A queue that no topic has: the broker looks at the keys, then refuses.
const NO_QUEUE: &str = "2147483647";

/// What keeps the keys from reading.
pub(super) async fn of_reader(
    servers: &Servers<'_>,
    address: &str,
    topic: &str,
    group: &str,
) -> Option<Complaint> {
    let key = [
        ("topic", topic),
        ("key", "nobody"),
        ("maxNum", "1"),
        ("beginTimestamp", "0"),
        ("endTimestamp", "1"),
    ];
    let members = [("consumerGroup", group)];
    let questions = [
        (format!("topic `{topic}`"), MESSAGES_OF_KEY, &key[..]),
        (format!("group `{group}`"), MEMBER_IDS, &members[..]),
    ];
    for (what, code, fields) in questions {
        let asked = servers.ask(address, code, fields).await;
        if asked.is_denied() {
            return Some(Complaint::severe(
                Trouble::Refused,
                format!("the broker `{address}` refuses {what}: {}", asked.refusal()),
                "check `access_key`, the secret key and what they may read",
            ));
        }
    }
    None
}

/// What keeps the keys from writing; no message is written.
pub(super) async fn of_writer(
    servers: &Servers<'_>,
    config: &Config,
    address: &str,
) -> Option<Complaint> {
    let topic = config.full_topic();
    let fields = [
        ("producerGroup", config.group.as_str()),
        ("topic", topic.as_str()),
        ("defaultTopic", topic.as_str()),
        ("defaultTopicQueueNums", "1"),
        ("queueId", NO_QUEUE),
        ("sysFlag", "0"),
        ("bornTimestamp", "1"),
        ("flag", "0"),
        ("properties", ""),
        ("reconsumeTimes", "0"),
    ];
    let asked = servers.ask(address, SEND, &fields).await;
    if asked.code().is_none() {
        return Some(super::silent_broker(config, address));
    }
    asked.is_denied().then(|| {
        Complaint::severe(
            Trouble::Refused,
            format!(
                "the broker `{address}` takes no messages for topic `{topic}`: {}",
                asked.refusal()
            ),
            "check `access_key`, the secret key and what they may write",
        )
    })
}
