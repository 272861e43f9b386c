use std::time::{SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::support::{Answer, Service, Stream, event, on_each_store};

const PATH: &str = "/v1/reconcile";
const JSON: &str = "application/json";

fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    since.as_millis().try_into().unwrap()
}

/// The head stands before the channels.
fn list(head: &str, channels: &[(&str, &str)]) -> String {
    let channels: Vec<Value> = channels
        .iter()
        .map(|(client, channel)| json!({"clientId": client, "channelId": channel}))
        .collect();
    format!("{{{head},\"clients\":{}}}", json!(channels))
}

fn send(service: &Service, body: &str) -> Answer {
    service.post(PATH, JSON, body)
}

fn online(service: &Service, client: &str) -> bool {
    service.get(&format!("/v1/clients/{client}")).json["online"] == true
}

#[test]
fn a_full_list_repairs_what_was_lost() {
    on_each_store(|service| {
        service.tell(&[
            event("ghost", "g", "connect", 1_000),
            event("there", "t", "connect", 1_000),
            event("late", "l", "connect", 6_000),
            event("over", "o", "connect", 1_000),
            event("over", "o", "tcpclean", 1_500),
        ]);
        let mut stream = Stream::open(service, "/v1/transitions", "");
        stream.placed();
        let body = list(
            "\"full\":true,\"asOf\":5000",
            &[("there", "t"), ("unseen", "u"), ("over", "o")],
        );
        let answer = send(service, &body);
        let counts = json!({"listed": 3, "opened": 1, "confirmed": 0, "ended": 1, "closed": 1});
        assert_eq!(answer.json, counts, "{}", answer.text);
        for (client, expected) in [
            ("ghost", false),
            ("there", true),
            ("late", true),
            ("over", false),
            ("unseen", true),
        ] {
            assert_eq!(online(service, client), expected, "{client}");
        }
        for (client, online) in [("unseen", true), ("ghost", false)] {
            let (_, _, data) = stream.next().unwrap();
            assert_eq!(
                (&data["clientId"], &data["online"]),
                (&json!(client), &json!(online))
            );
            assert_eq!(
                (&data["synthetic"], &data["time"]),
                (&json!(true), &json!(5_000))
            );
        }
        let again = send(service, &body);
        assert_eq!(
            again.json,
            json!({"listed": 3, "opened": 0, "confirmed": 0, "ended": 1, "closed": 0})
        );
        let slot = &service.get("/v1/clients/ghost").json["channels"][0]["tcpclean"];
        assert_eq!(
            slot,
            &json!({"time": 5_000, "clientIp": null, "origin": "reconcile"})
        );
        // Late and twice: the real event takes the place, and nobody comes back.
        service.tell(&[
            event("ghost", "g", "connect", 1_000),
            event("ghost", "g", "tcpclean", 1_200),
        ]);
        let slot = &service.get("/v1/clients/ghost").json["channels"][0]["tcpclean"];
        assert_eq!(
            (&slot["time"], &slot["origin"]),
            (&json!(1_200), &json!("http"))
        );
        assert!(!online(service, "ghost"));
    });
}

#[test]
fn a_list_of_some_closes_only_those() {
    let service = Service::memory(&[]);
    service.tell(&[
        event("a1", "1", "connect", 1),
        event("b1", "1", "connect", 1),
    ]);
    let partial = send(&service, &list("\"full\":false", &[("c1", "1")]));
    assert_eq!(
        (&partial.json["opened"], &partial.json["closed"]),
        (&json!(1), &json!(0))
    );
    let of_a = send(
        &service,
        &list("\"full\":true,\"prefix\":\"a\",\"asOf\":9", &[]),
    );
    assert_eq!(of_a.json["closed"], 1, "{}", of_a.text);
    assert!(!online(&service, "a1") && online(&service, "b1") && online(&service, "c1"));
}

#[test]
fn a_list_renews_the_lease() {
    let service = Service::memory(&["--set", "rule.lease=1h"]);
    let (now, hour) = (now(), 3_600_000);
    service.tell(&[event("old", "1", "connect", now - 2 * hour)]);
    let status = || service.get("/v1/clients/old").json["status"].clone();
    assert_eq!(status(), "suspect");
    let answer = send(&service, &list(&format!("\"asOf\":{now}"), &[("old", "1")]));
    assert_eq!(answer.json["confirmed"], 1, "{}", answer.text);
    assert_eq!(status(), "online");
    let answer = send(&service, &list(&format!("\"asOf\":{now}"), &[("old", "1")]));
    assert_eq!(answer.json["confirmed"], 0);
}

#[test]
fn what_is_no_list_closes_nothing() {
    let service = Service::memory(&[]);
    service.tell(&[event("a", "1", "connect", 1)]);
    let ahead = format!("\"full\":true,\"asOf\":{}", now() + 600_000);
    for (body, code, part) in [
        ("{", "invalid_list", "EOF"),
        (
            "{\"full\":true,\"asOf\":9,\"clients\":[",
            "invalid_list",
            "EOF",
        ),
        (
            "{\"clients\":[],\"full\":true}",
            "invalid_list",
            "comes last",
        ),
        (
            "{\"full\":true,\"clients\":[]}",
            "invalid_parameter",
            "needs `asOf`",
        ),
        (
            &list(&ahead, &[]),
            "invalid_parameter",
            "the clock here says",
        ),
        (
            "{\"full\":true,\"asOf\":9,\"prefix\":\"x\",\"clients\":[{\"clientId\":\"a\",\"channelId\":\"1\"}]}",
            "invalid_list",
            "`a` does not begin",
        ),
    ] {
        send(&service, body).is_problem(422, code, part);
    }
    service
        .post(PATH, "text/plain", "{}")
        .is_problem(415, "unsupported_media_type", "text/plain");
    assert!(online(&service, "a"));
}

/// More than `api.body_limit`, in parts that do not follow the entries.
#[test]
fn a_long_list_is_read_as_it_comes() {
    let service = Service::memory(&[]);
    // Long names: many bytes, few clients, as a test's build is slow.
    let names: Vec<(String, String)> = (0..20_000)
        .map(|n| (format!("GID_fleet@@@{n:0500}"), format!("{n:016x}")))
        .collect();
    let channels: Vec<(&str, &str)> = names
        .iter()
        .map(|(client, channel)| (client.as_str(), channel.as_str()))
        .collect();
    let body = list("\"full\":true,\"asOf\":5000", &channels);
    assert!(body.len() > 8 << 20);
    let answer = send(&service, &body);
    assert_eq!(answer.json["opened"], 20_000, "{}", answer.text);
    let half = list("\"full\":true,\"asOf\":6000", &channels[10_000..]);
    let answer = send(&service, &half);
    assert_eq!(answer.json["closed"], 10_000, "{}", answer.text);
    assert_eq!(service.get("/v1/stats").json["online"], 10_000);
}
