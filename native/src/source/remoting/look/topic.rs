//! The topic: does it exist, may it be read, are its brokers reached?

use serde_json::Value;

use super::super::config::Config;
use super::super::probe;
use super::answer::Servers;
use super::{Complaint, Look, Trouble, no_name_server};

/// Codes of requests and of one answer.
const ROUTE: i32 = 105;
const ALL_TOPICS: i32 = 206;
const TOPIC_NOT_EXIST: i32 = 17;

/// The bit of a topic's permission that lets it be read.
const READ: u64 = 4;
/// Topics that are named at most.
const NAMED: usize = 3;

/// A broker of the topic that takes connections.
pub(super) struct Broker {
    pub(super) name: String,
    pub(super) address: String,
}

/// The route as this name server gives it.
pub(super) async fn route(
    servers: &Servers<'_>,
    config: &Config,
    address: &str,
) -> Result<Value, Complaint> {
    let topic = config.full_topic();
    let asked = servers.ask(address, ROUTE, &[("topic", &topic)]).await;
    if asked.code() == Some(TOPIC_NOT_EXIST) {
        return Err(missing(servers, config, address).await);
    }
    asked
        .good()
        .and_then(|body| serde_json::from_slice(body).ok())
        .ok_or_else(|| no_name_server(config, address, &asked))
}

/// Why it may be missing, by the names of the topics that are there.
async fn missing(servers: &Servers<'_>, config: &Config, address: &str) -> Complaint {
    let topic = config.full_topic();
    let asked = servers.ask(address, ALL_TOPICS, &[]).await;
    let list: Value = asked
        .good()
        .and_then(|body| serde_json::from_slice(body).ok())
        .unwrap_or_default();
    let mut all: Vec<&str> = list["topicList"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .filter(|name| !name.starts_with("%RETRY%") && !name.starts_with("%DLQ%"))
        .collect();
    all.sort_unstable();
    let what = format!("the name server `{address}` knows no topic `{topic}`");
    let bare = topic
        .rsplit_once('%')
        .map_or(topic.as_str(), |(_, bare)| bare);
    let elsewhere = all
        .iter()
        .find(|name| **name == bare || name.rsplit_once('%').is_some_and(|(_, own)| own == bare));
    if let Some(name) = elsewhere {
        let advice = match name.rsplit_once('%') {
            Some((instance, _)) => format!("set `namespace = \"{instance}\"`"),
            None => "take `namespace` away".to_owned(),
        };
        return Complaint::severe(
            Trouble::NamespaceWrong,
            format!("{what}, but one called `{name}`"),
            advice,
        );
    }
    let like: Vec<String> = nearest(&topic, &all)
        .map(|name| format!("`{name}`"))
        .collect();
    let meant = match like.as_slice() {
        [] => String::new(),
        names => format!(" (there is {})", names.join(", ")),
    };
    Complaint::severe(
        Trouble::TopicMissing,
        what,
        format!("create it, correct `topic`{meant} or `namespace`, or start its broker"),
    )
}

/// Names that differ by little.
fn nearest<'a>(topic: &str, all: &[&'a str]) -> impl Iterator<Item = &'a str> {
    let mut found: Vec<(usize, &str)> = all
        .iter()
        .map(|name| {
            let distance = strsim::damerau_levenshtein(
                &name.to_ascii_lowercase(),
                &topic.to_ascii_lowercase(),
            );
            (distance, *name)
        })
        .filter(|(distance, _)| *distance * 3 <= topic.len())
        .collect();
    found.sort_unstable();
    found.into_iter().take(NAMED).map(|(_, name)| name)
}

/// What the route says; the brokers that are reached.
pub(super) async fn judge(config: &Config, route: &Value, look: &mut Look) -> Vec<Broker> {
    let topic = config.full_topic();
    let queues = list(route, "queueDatas");
    let readable = |queue: &&Value| queue["perm"].as_u64().unwrap_or(0) & READ != 0;
    look.queues = queues
        .iter()
        .filter(readable)
        .filter_map(|queue| queue["readQueueNums"].as_u64())
        .sum();
    if !queues.is_empty() && !queues.iter().any(|queue| readable(&queue)) {
        look.complaints.push(Complaint::severe(
            Trouble::TopicNotReadable,
            format!("topic `{topic}` does not have the permission to be read"),
            "give it with `mqadmin updateTopicPerm -p 6`",
        ));
    } else if look.queues == 0 {
        look.complaints.push(Complaint::severe(
            Trouble::TopicWithoutQueues,
            format!("topic `{topic}` has no queue to read"),
            "give it some with `mqadmin updateTopic -r 8 -w 8`",
        ));
    }
    let mut reached = Vec::new();
    for broker in list(route, "brokerDatas") {
        let name = broker["brokerName"].as_str().unwrap_or_default().to_owned();
        // The master; a replica where it is down.
        let addresses = broker["brokerAddrs"].as_object();
        let Some(address) = addresses
            .and_then(|all| all.get("0").or_else(|| all.values().next()))
            .and_then(Value::as_str)
        else {
            continue;
        };
        match probe::unreachable(address).await {
            None => reached.push(Broker {
                name,
                address: address.to_owned(),
            }),
            Some(reason) => look.complaints.push(Complaint::severe(
                Trouble::BrokerUnreachable,
                format!(
                    "the name server says that broker `{name}` is at `{address}`, which is not reached from here: {reason}"
                ),
                "start it, open the way there, or set its `brokerIP1` to an address that this machine reaches",
            )),
        }
    }
    reached
}

fn list<'a>(route: &'a Value, name: &str) -> &'a [Value] {
    route[name].as_array().map_or(&[], Vec::as_slice)
}
