use serde_json::{Value, json};

use crate::support::{Service, connects, event, on_each_store};

#[test]
fn a_client_is_explained() {
    on_each_store(|service| {
        let id = "GID_x@@@dev/1 ü";
        let path = "/v1/clients/GID_x%40%40%40dev%2F1%20%C3%BC";
        let unknown = service.get(path);
        assert_eq!(unknown.status, 200);
        assert_eq!(unknown.json["clientId"], id);
        assert_eq!(unknown.json["status"], "unknown");
        assert_eq!(unknown.json["online"], false);
        assert_eq!(unknown.json["since"], Value::Null);
        assert_eq!(unknown.json["channels"], json!([]));
        assert_eq!(unknown.json["lastTransition"], Value::Null);

        service.tell(&[
            event(id, "b", "connect", 2_000),
            event(id, "a", "connect", 1_000),
        ]);
        service.tell(&[event(id, "a", "tcpclean", 3_000)]);
        let online = service.get(path).json;
        assert_eq!(online["status"], "online");
        assert_eq!(online["online"], true);
        assert_eq!(online["since"], 2_000);
        let states: Vec<_> = online["channels"]
            .as_array()
            .unwrap()
            .iter()
            .map(|channel| &channel["state"])
            .collect();
        assert_eq!(states, ["closed", "live"]);
        assert_eq!(online["channels"][0]["tcpclean"]["time"], 3_000);
        assert_eq!(online["channels"][0]["tcpclean"]["clientIp"], "10.0.0.1:1");
        assert_eq!(online["channels"][1]["disconnect"], Value::Null);
        assert!(online["reason"].as_str().unwrap().contains("online"));
        assert_eq!(online["lastTransition"]["online"], true);
        assert_eq!(online["lastTransition"]["time"], 2_000);
        assert_eq!(
            online["lastTransition"]["cause"],
            json!({"channelId": "b", "eventType": "connect", "messageId": null, "topic": null, "queue": null, "offset": null})
        );

        service.tell(&[event(id, "b", "disconnect", 4_000)]);
        let offline = service.get(path).json;
        assert_eq!(
            (&offline["status"], &offline["since"]),
            (&json!("offline"), &json!(4_000))
        );
        service
            .get(&format!("{path}?x=1"))
            .is_problem(422, "invalid_parameter", "`x`");
    });
}

#[test]
fn many_clients_are_answered_in_the_order_asked() {
    on_each_store(|service| {
        service.tell(&[
            event("b", "1", "connect", 5),
            event("a", "2", "connect", 6),
            event("a", "2", "tcpclean", 7),
        ]);
        let ask =
            |body: &str| service.post("/v1/clients/query", "application/json; charset=utf-8", body);
        let answer = ask(r#"{"clientIds":["b","never","a","b"]}"#);
        assert_eq!(answer.status, 200);
        assert_eq!(
            answer.json,
            json!({"clients": [
                {"clientId": "b", "online": true, "status": "online", "since": 5},
                {"clientId": "never", "online": false, "status": "unknown", "since": null},
                {"clientId": "a", "online": false, "status": "offline", "since": 7},
                {"clientId": "b", "online": true, "status": "online", "since": 5},
            ]})
        );
        assert_eq!(ask(r#"{"clientIds":[]}"#).json, json!({"clients": []}));
        let most: Vec<String> = (0..10_000).map(|n| format!("c{n}")).collect();
        assert_eq!(
            ask(&json!({ "clientIds": most }).to_string()).json["clients"]
                .as_array()
                .unwrap()
                .len(),
            10_000
        );
        let more: Vec<&str> = vec!["c"; 10_001];
        ask(&json!({ "clientIds": more }).to_string()).is_problem(
            422,
            "invalid_parameter",
            "at most 10000",
        );
        ask("{").is_problem(400, "invalid_json", "not JSON");
        ask("[]").is_problem(422, "invalid_parameter", "no object");
        ask(r#"{"clientIds":["a",5]}"#).is_problem(
            422,
            "invalid_parameter",
            "`clientIds[1]` is `5`",
        );
        ask(r#"{"clientIds":[],"x":1}"#).is_problem(422, "invalid_parameter", "`x`");
        let plain = service.post("/v1/clients/query", "text/plain", r#"{"clientIds":[]}"#);
        plain.is_problem(415, "unsupported_media_type", "`text/plain`");
    });
}

#[test]
fn pages_are_stable_under_writes() {
    on_each_store(|service| {
        service.tell(&connects(0..25));
        service.tell(&[
            event("other", "o", "connect", 1),
            event("GID_x@@@dev003", "ch3", "tcpclean", 9_000),
        ]);
        let mut seen = Vec::new();
        let mut path = "/v1/clients?prefix=GID_x%40%40%40&status=online&limit=10".to_owned();
        for page in 0.. {
            let answer = service.get(&path);
            assert_eq!(answer.status, 200, "{}", answer.text);
            for client in answer.json["clients"].as_array().unwrap() {
                assert_eq!(client["online"], true);
                seen.push(client["clientId"].as_str().unwrap().to_owned());
            }
            // Behind and before the page; the one behind is not to come again.
            service.tell(&[event(
                &format!("GID_x@@@dev000-{page}"),
                &format!("n{page}"),
                "connect",
                1,
            )]);
            match answer.json["nextCursor"].as_str() {
                Some(cursor) => {
                    path = format!(
                        "/v1/clients?prefix=GID_x%40%40%40&status=online&limit=10&cursor={cursor}"
                    );
                }
                None => break,
            }
        }
        let expected: Vec<String> = (0..25)
            .filter(|n| *n != 3)
            .map(|n| format!("GID_x@@@dev{n:03}"))
            .collect();
        assert_eq!(seen, expected);

        let offline = service.get("/v1/clients?status=offline").json;
        assert_eq!(offline["clients"][0]["clientId"], "GID_x@@@dev003");
        assert_eq!(offline["nextCursor"], Value::Null);
        for (query, part) in [
            ("limit=0", "from 1 to 1000"),
            ("limit=1001", "`limit` is `1001`"),
            ("limit=x", "`limit` is `x`"),
            ("status=unknown", "`online`, `offline` or `suspect`"),
            ("cursor=%21", "`cursor` is `!`"),
            ("limit=1&limit=2", "given twice"),
            ("stat=online", "unknown parameter `stat`"),
        ] {
            service
                .get(&format!("/v1/clients?{query}"))
                .is_problem(422, "invalid_parameter", part);
        }
    });
}

#[test]
fn history_has_the_flips_of_a_span() {
    on_each_store(|service| {
        service.tell(&[event("c", "1", "connect", 10)]);
        service.tell(&[event("c", "1", "tcpclean", 20)]);
        service.tell(&[
            event("c", "2", "connect", 30),
            event("d", "9", "connect", 31),
        ]);
        let all = service.get("/v1/clients/c/history").json;
        let flips = all["transitions"].as_array().unwrap();
        let shown: Vec<_> = flips
            .iter()
            .map(|flip| (flip["online"].clone(), flip["time"].clone()))
            .collect();
        assert_eq!(
            shown,
            [
                (json!(true), json!(10)),
                (json!(false), json!(20)),
                (json!(true), json!(30))
            ]
        );
        assert_eq!(all["more"], false);
        assert!(flips[0]["id"].as_u64() < flips[1]["id"].as_u64());

        let newest = service.get("/v1/clients/c/history?limit=2").json;
        assert_eq!(
            (&newest["transitions"][0]["time"], &newest["more"]),
            (&json!(20), &json!(true))
        );
        let observed = flips[2]["observedAt"].as_u64().unwrap();
        let after = service
            .get(&format!("/v1/clients/c/history?from={}", observed + 1))
            .json;
        assert_eq!(after["transitions"], json!([]));
        let before = service
            .get("/v1/clients/c/history?to=2020-01-01T00:00:00Z")
            .json;
        assert_eq!(
            (&before["transitions"], &before["to"]),
            (&json!([]), &json!(1_577_836_800_000_u64))
        );
        assert_eq!(
            service.get("/v1/clients/never/history").json["transitions"],
            json!([])
        );
        service
            .get("/v1/clients/c/history?from=yesterday")
            .is_problem(422, "invalid_parameter", "`from` is `yesterday`");
        service.get("/v1/clients/c/history?from=5&to=4").is_problem(
            422,
            "invalid_parameter",
            "later than",
        );
    });
}

#[test]
fn stats_count_clients_channels_and_records() {
    on_each_store(|service| {
        service.tell(&[
            event("a", "1", "connect", 1),
            event("a", "1", "disconnect", 2),
            event("b", "2", "connect", 3),
            event("b", "2", "connect", 3),
            event("c", "3", "tcpclean", 4),
        ]);
        service.post("/v1/events", "application/json", "{}");
        let stats = service.get("/v1/stats").json;
        assert_eq!(
            (&stats["clients"], &stats["online"]),
            (&json!(3), &json!(1))
        );
        assert_eq!(
            stats["channels"],
            json!({"live": 1, "closed": 1, "orphan": 1, "superseded": 0, "suspect": 0})
        );
        assert_eq!(
            stats["records"]["accepted"],
            json!({"connect": 3, "disconnect": 1, "tcpclean": 1})
        );
        assert_eq!(stats["records"]["rejected"], json!({"missing_field": 1}));
        assert_eq!(
            (&stats["quarantined"], &stats["lastTransition"]),
            (&json!(1), &json!(3))
        );
    });
}

#[test]
fn the_quarantine_shows_bytes_and_reason() {
    on_each_store(|service| {
        service.post("/v1/events", "application/json", r#"{"clientId":"ü"}"#);
        service.post("/v1/events", "application/json", b"{\"clientId\":\"\xff\"}");
        let first = service.get("/v1/quarantine?limit=1").json;
        let held = &first["records"][0];
        assert_eq!(
            (&held["encoding"], &held["raw"]),
            (&json!("utf-8"), &json!(r#"{"clientId":"ü"}"#))
        );
        assert_eq!(
            (&held["code"], &held["field"]),
            (&json!("missing_field"), &json!("channelId"))
        );
        assert_eq!(held["origin"]["source"], "http");
        assert!(held["message"].as_str().unwrap().contains("`channelId`"));
        assert!(held["at"].as_u64().unwrap() > 1_700_000_000_000);
        let cursor = first["nextCursor"].as_str().unwrap();
        let second = service
            .get(&format!("/v1/quarantine?limit=1&cursor={cursor}"))
            .json;
        let held = &second["records"][0];
        assert_eq!(
            (&held["encoding"], &held["code"]),
            (&json!("base64"), &json!("invalid_json"))
        );
        assert_eq!(held["raw"], "eyJjbGllbnRJZCI6Iv8ifQ==");
        assert_eq!(second["nextCursor"], Value::Null);
        service
            .get("/v1/quarantine?cursor=x")
            .is_problem(422, "invalid_parameter", "`cursor`");
    });
}

#[test]
fn a_client_whose_id_is_the_name_of_a_call_is_answered() {
    let service = Service::memory(&[]);
    service.tell(&[event("query", "1", "connect", 1_000)]);
    let answer = service.get("/v1/clients/query");
    assert_eq!(answer.json["clientId"], "query", "{}", answer.text);
    assert_eq!(answer.json["online"], true);
    let head = service.raw(&format!(
        "HEAD /v1/clients/query HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
        service.address()
    ));
    assert!(head.starts_with("HTTP/1.1 200 "), "{head}");
    let history = service.get("/v1/clients/query/history");
    assert_eq!(history.json["transitions"][0]["clientId"], "query");
    service
        .get("/v1/clients/query?x=1")
        .is_problem(422, "invalid_parameter", "takes none");
    let many = service.post(
        "/v1/clients/query",
        "application/json",
        r#"{"clientIds":["query"]}"#,
    );
    assert_eq!(many.json["clients"][0]["online"], true, "{}", many.text);
}
