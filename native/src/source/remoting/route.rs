//! Mends the routes of RocketMQ 4.x, which the client cannot read as they are.
//!
//! A 4.x name server leaves out fields that the client demands, and writes
//! numbers as keys (`{0:"host:port"}`) for clients it takes for old ones.
//! Unmended, the client would receive nothing and say nothing.

use serde_json::{Map, Value, json};

/// The route with everything the client needs, and the brokers' addresses.
/// `None` when it is no JSON object even with its keys quoted.
pub(super) fn mend(body: &[u8]) -> Option<(Vec<u8>, Vec<String>)> {
    let mut route: Map<String, Value> = serde_json::from_slice(body)
        .or_else(|_| serde_json::from_slice(&quote_number_keys(body)))
        .ok()?;
    fill(&mut route, "filterServerTable", json!({}));
    for name in ["queueDatas", "brokerDatas"] {
        fill(&mut route, name, json!([]));
    }
    for queue in objects(&mut route, "queueDatas") {
        // Called `topicSynFlag` up to 4.9.
        let flag = queue
            .get("topicSynFlag")
            .filter(|flag| flag.is_u64())
            .cloned();
        fill(queue, "topicSysFlag", flag.unwrap_or(json!(0)));
    }
    let mut addresses = Vec::new();
    for broker in objects(&mut route, "brokerDatas") {
        fill(broker, "enableActingMaster", json!(false));
        fill(broker, "cluster", json!(""));
        fill(broker, "brokerAddrs", json!({}));
        let table = broker.get("brokerAddrs").and_then(Value::as_object);
        addresses.extend(
            table
                .into_iter()
                .flat_map(Map::values)
                .filter_map(Value::as_str)
                .map(str::to_owned),
        );
    }
    Some((Value::Object(route).to_string().into_bytes(), addresses))
}

fn fill(object: &mut Map<String, Value>, name: &str, value: Value) {
    if object.get(name).is_none_or(Value::is_null) {
        object.insert(name.to_owned(), value);
    }
}

fn objects<'a>(
    route: &'a mut Map<String, Value>,
    name: &str,
) -> impl Iterator<Item = &'a mut Map<String, Value>> {
    route
        .get_mut(name)
        .and_then(Value::as_array_mut)
        .into_iter()
        .flatten()
        .filter_map(Value::as_object_mut)
}

/// Puts quotes around keys that are bare numbers.
fn quote_number_keys(body: &[u8]) -> Vec<u8> {
    let mut quoted = Vec::with_capacity(body.len() + 16);
    let (mut at, mut in_string, mut key_may_begin) = (0, false, false);
    while let Some(&byte) = body.get(at) {
        let digits = body[at..]
            .iter()
            .take_while(|b| b.is_ascii_digit() || **b == b'-')
            .count();
        if !in_string && key_may_begin && digits > 0 {
            let rest = body[at + digits..].trim_ascii_start();
            let quote: &[u8] = if rest.starts_with(b":") { b"\"" } else { b"" };
            quoted.extend([quote, &body[at..at + digits], quote].concat());
            key_may_begin = false;
            at += digits;
            continue;
        }
        match byte {
            b'\\' if in_string => {
                quoted.push(byte);
                at += 1;
                quoted.extend(body.get(at));
                at += 1;
                continue;
            }
            b'"' => in_string = !in_string,
            _ => {}
        }
        key_may_begin = !in_string
            && (matches!(byte, b'{' | b',') || key_may_begin && byte.is_ascii_whitespace());
        quoted.push(byte);
        at += 1;
    }
    quoted
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use rocketmq_protocol::protocol::route::topic_route_data::TopicRouteData;

    use super::*;

    /// Mended, the client itself can read it.
    fn check(body: &str, addresses: &[&str], queues: u32) {
        let (mended, found) = mend(body.as_bytes()).unwrap();
        let mut found = found;
        found.sort();
        assert_eq!(found, addresses);
        let route = TopicRouteData::decode(&mended).unwrap();
        assert_eq!(
            route
                .queue_datas
                .iter()
                .map(|queue| queue.read_queue_nums)
                .sum::<u32>(),
            queues
        );
        assert_eq!(route.broker_datas.len(), route.queue_datas.len());
    }

    #[test]
    fn a_route_of_4_9_7() {
        check(
            r#"{"brokerDatas":[{"brokerAddrs":{"0":"127.0.0.1:10911"},"brokerName":"broker-a","cluster":"DefaultCluster"}],"filterServerTable":{},"queueDatas":[{"brokerName":"broker-a","perm":6,"readQueueNums":8,"topicSysFlag":0,"writeQueueNums":8}]}"#,
            &["127.0.0.1:10911"],
            8,
        );
    }

    #[test]
    fn number_keys_two_brokers_and_the_old_flag() {
        check(
            r#"{"brokerDatas":[{"brokerAddrs":{0:"a:1", 1 :"b:2"},"brokerName":"x,1:{2","cluster":"c"},{"brokerAddrs":{0:"c:3"},"brokerName":"y\"{1:","cluster":"c"}],"filterServerTable":{},"queueDatas":[{"brokerName":"x,1:{2","perm":6,"readQueueNums":4,"topicSynFlag":0,"writeQueueNums":4},{"brokerName":"y\"{1:","perm":6,"readQueueNums":2,"topicSynFlag":1,"writeQueueNums":2}]}"#,
            &["a:1", "b:2", "c:3"],
            6,
        );
    }

    #[test]
    fn a_route_of_5_x_keeps_what_it_says() {
        let body = r#"{"brokerDatas":[{"brokerAddrs":{"0":"a:1"},"brokerName":"b","cluster":"c","enableActingMaster":true,"zoneName":"z"}],"filterServerTable":{},"queueDatas":[{"brokerName":"b","perm":6,"readQueueNums":1,"topicSysFlag":2,"writeQueueNums":1}]}"#;
        let (mended, _) = mend(body.as_bytes()).unwrap();
        let (before, after): (Value, Value) = (
            serde_json::from_str(body).unwrap(),
            serde_json::from_slice(&mended).unwrap(),
        );
        assert_eq!(before, after);
    }

    #[test]
    fn what_is_no_route_is_left_alone() {
        for body in ["", "no json", "[]", "{\"a\":", "{0:"] {
            assert!(mend(body.as_bytes()).is_none(), "{body}");
        }
    }
}
