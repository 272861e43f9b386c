//! The consumer group at one broker: is it ours alone, and may we read?

use std::collections::BTreeSet;

use serde_json::Value;

use super::super::config::Config;
use super::answer::{Asked, Servers};
use super::topic::Broker;
use super::{Complaint, Look, Trouble, rights};

/// Codes of requests.
const QUERY_OFFSET: i32 = 14;
const BROKER_CONFIG: i32 = 26;
const RUNTIME: i32 = 28;
const GROUPS: i32 = 201;
const MEMBERS: i32 = 203;
const PROGRESS: i32 = 208;

/// Codes of answers.
const SUCCESS: i32 = 0;
const QUERY_NOT_FOUND: i32 = 22;

/// Asks one broker. What is for administrators alone is left out where the
/// keys do not allow it.
pub(super) async fn ask(servers: &Servers<'_>, config: &Config, broker: &Broker, look: &mut Look) {
    let Broker { name, address } = broker;
    let (topic, group) = (config.full_topic(), full_group(config));
    let fields = [
        ("consumerGroup", group.as_str()),
        ("topic", topic.as_str()),
        ("queueId", "0"),
        ("bname", name.as_str()),
    ];
    let offset = servers.ask(address, QUERY_OFFSET, &fields).await;
    match offset.code() {
        Some(SUCCESS | QUERY_NOT_FOUND) => {}
        Some(_) => {
            look.complaints.push(Complaint::severe(
                Trouble::Refused,
                format!(
                    "the broker `{address}` refuses topic `{topic}` to group `{group}`: {}",
                    offset.refusal()
                ),
                "check `access_key`, the secret key and what they may read",
            ));
            return;
        }
        None => {
            look.complaints.push(super::silent_broker(config, address));
            return;
        }
    }
    if let Some(complaint) = rights::of_reader(servers, address, &topic, &group).await {
        look.complaints.push(complaint);
        return;
    }
    let members = servers
        .ask(address, MEMBERS, &[("consumerGroup", &group)])
        .await;
    let mut joined = false;
    if let Some(members) = json(&members) {
        let count = members["connectionSet"].as_array().map_or(0, Vec::len);
        joined = count > 0;
        look.members = look.members.max(count);
        subscription(config, &members["subscriptionTable"], look);
    }
    if !joined {
        known(servers, address, &group, look).await;
        let progress = servers
            .ask(address, PROGRESS, &[("consumerGroup", &group)])
            .await;
        history(&topic, &group, &progress, look);
    }
}

/// How many milliseconds the broker's clock is ahead, where it may be asked.
pub(super) async fn clock_ahead(servers: &Servers<'_>, address: &str) -> Option<i64> {
    let runtime = servers.ask(address, RUNTIME, &[]).await;
    clock(&json(&runtime)?["table"])
}

/// The group as the server knows it, with the namespace in front.
fn full_group(config: &Config) -> String {
    match config.instance() {
        Some(instance) if !config.group.starts_with(&format!("{instance}%")) => {
            format!("{instance}%{}", config.group)
        }
        _ => config.group.clone(),
    }
}

fn json(asked: &Asked) -> Option<Value> {
    serde_json::from_slice(asked.good()?).ok()
}

/// Compares with what the members subscribe to; a broker keeps one
/// subscription a group and topic, the newest it was told.
fn subscription(config: &Config, table: &Value, look: &mut Look) {
    let (topic, group) = (config.full_topic(), &config.group);
    let Some(table) = table.as_object() else {
        return;
    };
    if let Some(theirs) = table.get(&topic) {
        let theirs = theirs["subString"].as_str().unwrap_or_default();
        if tags(theirs) != tags(&config.tags) {
            let what = format!(
                "a member of group `{group}` subscribes to `{theirs}` of topic `{topic}`, this service would to `{}`: \
                 each loses messages of the other",
                config.tags
            );
            let advice = "give all members the same `tags`, or this service a group of its own";
            push(look, Complaint::severe(Trouble::TagsDiffer, what, advice));
        }
        return;
    }
    let others: Vec<String> = table
        .keys()
        .filter(|name| !name.starts_with("%RETRY%"))
        .map(|name| format!("`{name}`"))
        .collect();
    if !others.is_empty() {
        let what = format!(
            "the members of group `{group}` subscribe to {}, not to topic `{topic}`",
            others.join(", ")
        );
        let advice = "give this service a group of its own: members that differ take messages from one another";
        push(
            look,
            Complaint::severe(Trouble::GroupOfAnotherTopic, what, advice),
        );
    }
}

fn tags(expression: &str) -> BTreeSet<&str> {
    expression.split("||").map(str::trim).collect()
}

/// Several brokers say the same.
fn push(look: &mut Look, complaint: Complaint) {
    if !look.complaints.contains(&complaint) {
        look.complaints.push(complaint);
    }
}

/// Whether the broker knows the group, or will make it.
async fn known(servers: &Servers<'_>, address: &str, group: &str, look: &mut Look) {
    let groups = servers.ask(address, GROUPS, &[]).await;
    let Some(groups) = json(&groups) else {
        return;
    };
    let Some(groups) = groups["subscriptionGroupTable"].as_object() else {
        return;
    };
    match groups.get(group) {
        Some(settings) if settings["consumeEnable"] == false => push(
            look,
            Complaint::severe(
                Trouble::GroupDisabled,
                format!("group `{group}` may not consume at the broker `{address}`"),
                "allow it: `mqadmin updateSubGroup -g GROUP -s true`",
            ),
        ),
        Some(_) => {}
        None => {
            let settings = servers.ask(address, BROKER_CONFIG, &[]).await;
            let text = String::from_utf8_lossy(settings.good().unwrap_or_default()).into_owned();
            let makes = !text
                .lines()
                .any(|line| line.trim() == "autoCreateSubscriptionGroup=false");
            let what = format!("the broker `{address}` knows no group `{group}`");
            push(
                look,
                if makes {
                    let advice = "nothing, if it is new: it is made at the first start; else correct `group`";
                    Complaint::mild(Trouble::GroupUnknown, what, advice)
                } else {
                    let what = format!("{what} and makes none by itself");
                    let advice = "create it with `mqadmin updateSubGroup`, or correct `group`";
                    Complaint::severe(Trouble::GroupUnknown, what, advice)
                },
            );
        }
    }
}

/// A group without members that has read other topics, never ours. The answer
/// has objects for keys, so it is no JSON.
fn history(topic: &str, group: &str, progress: &Asked, look: &mut Look) {
    let text = String::from_utf8_lossy(progress.good().unwrap_or_default()).into_owned();
    let topics: BTreeSet<&str> = text
        .split("\"topic\":\"")
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .filter(|name| !name.starts_with("%RETRY%"))
        .collect();
    if topics.is_empty() || topics.contains(topic) {
        return;
    }
    let names: Vec<String> = topics.iter().map(|name| format!("`{name}`")).collect();
    push(
        look,
        Complaint::mild(
            Trouble::GroupOfAnotherTopic,
            format!(
                "group `{group}` has read {} before, never topic `{topic}`",
                names.join(", ")
            ),
            "correct `group`, unless that consumer is gone for good",
        ),
    );
}

/// The broker tells when it started and for how long it has run, in seconds.
fn clock(table: &Value) -> Option<i64> {
    let started: i64 = table["bootTimestamp"].as_str()?.parse().ok()?;
    let run = table["runtime"].as_str()?;
    let mut numbers = run
        .split(|c: char| !c.is_ascii_digit())
        .filter(|text| !text.is_empty())
        .map(str::parse::<i64>);
    let mut next = || numbers.next()?.ok();
    let (days, hours, minutes, seconds) = (next()?, next()?, next()?, next()?);
    let run = ((days * 24 + hours) * 60 + minutes) * 60 + seconds;
    let now = i64::try_from(crate::clock::now()).ok()?;
    Some(started + run * 1_000 - now)
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn the_clock_is_start_and_run() {
        let now = i64::try_from(crate::clock::now()).unwrap();
        let start = now - (((24 + 2) * 60 + 3) * 60 + 4) * 1_000 + 60_000;
        let table = serde_json::json!({
            "bootTimestamp": start.to_string(), "runtime": "[ 1 days, 2 hours, 3 minutes, 4 seconds ]",
        });
        let ahead = clock(&table).unwrap();
        assert!((59_000..=60_000).contains(&ahead), "{ahead}");
        assert_eq!(clock(&serde_json::json!({})), None);
    }

    #[test]
    fn the_order_of_tags_does_not_matter() {
        assert_eq!(tags("connect||tcpclean"), tags("tcpclean || connect"));
        assert_ne!(tags("*"), tags("connect"));
    }
}
