use serde_json::{Value, json};

use crate::support::{Service, event, on_each_store};

#[test]
fn any_container_is_taken() {
    on_each_store(|service| {
        let (one, two) = (event("a", "1", "connect", 1), event("b", "2", "connect", 2));
        let bodies = [
            (format!("[{one},{two}]"), 2),
            (format!("{one}\r\n{two}\r\n"), 2),
            (
                format!("\u{feff}{}", serde_json::to_string_pretty(&one).unwrap()),
                1,
            ),
            (format!("\u{1e}{one}\n\u{1e}{two}\n"), 2),
        ];
        for (body, count) in bodies {
            let answer = service.post("/v1/events", "application/x-ndjson", &body);
            assert_eq!(answer.status, 200, "{body}\n{}", answer.text);
            let taken = json!({"records": count, "accepted": count, "rejected": 0, "errors": []});
            assert_eq!(answer.json, taken);
        }
        assert_eq!(service.get("/v1/stats").json["clients"], 2);
    });
}

#[test]
fn good_records_are_stored_beside_bad_ones() {
    on_each_store(|service| {
        let body = format!(
            "{}\n{{\"clientId\":\"x\"}}\nno json\n{}",
            event("a", "1", "connect", 1),
            event("b", "2", "connect", 2)
        );
        let answer = service.post("/v1/events", "application/json", body);
        assert_eq!(answer.status, 207, "{}", answer.text);
        assert_eq!(
            (
                &answer.json["records"],
                &answer.json["accepted"],
                &answer.json["rejected"]
            ),
            (&json!(4), &json!(2), &json!(2))
        );
        let error = &answer.json["errors"][0];
        assert_eq!(
            (&error["record"], &error["line"], &error["column"]),
            (&json!(2), &json!(2), &json!(1))
        );
        assert_eq!(
            (&error["code"], &error["field"]),
            (&json!("missing_field"), &json!("channelId"))
        );
        assert_eq!(answer.json["errors"][1]["code"], "invalid_json");
        assert_eq!(answer.json["errors"][1]["field"], Value::Null);
        assert_eq!(service.get("/v1/clients/b").json["online"], true);
        assert_eq!(service.get("/v1/stats").json["quarantined"], 2);
    });
}

#[test]
fn a_body_without_any_event_is_refused() {
    let service = Service::memory(&[]);
    let nothing = service.post("/v1/events", "application/json", "[{}, 5]");
    nothing.is_problem(400, "no_events", "none of the 2 records");
    assert_eq!(nothing.json["rejected"], 2);
    assert_eq!(nothing.json["errors"][1]["code"], "not_an_object");
    for body in ["", " \r\n", "[]"] {
        service
            .post("/v1/events", "application/json", body)
            .is_problem(400, "no_records", "no record");
    }
    let junk = service.post("/v1/events", "application/json", "1\n".repeat(10_001));
    junk.is_problem(400, "no_events", "more than 10000");
    assert_eq!(
        service.get("/v1/stats").json["quarantined"],
        2,
        "a body of junk is not kept"
    );
}

#[test]
fn size_and_type_are_limited() {
    let service = Service::memory(&["--set", "api.body_limit=1024"]);
    let large = "x".repeat(1_025);
    let refused = service.post("/v1/events", "application/json", &large);
    refused.is_problem(413, "body_too_large", "1024 bytes");
    assert_eq!(refused.header("connection"), "close", "its body is unread");
    service
        .post("/v1/clients/query", "application/json", &large)
        .is_problem(413, "body_too_large", "1024 bytes");
    let host = service.address();
    let chunked = format!(
        "POST /v1/events HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\
         Connection: close\r\n\r\n401\r\n{large}\r\n0\r\n\r\n"
    );
    assert!(service.raw(&chunked).starts_with("HTTP/1.1 413 "));
    for media_type in [
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
    ] {
        let body = event("a", "1", "connect", 1).to_string();
        service.post("/v1/events", media_type, body).is_problem(
            415,
            "unsupported_media_type",
            "`application/json`",
        );
    }
    assert_eq!(service.get("/v1/stats").json["clients"], 0);
}

#[test]
fn an_encoded_body_is_refused_and_leaves_nothing() {
    let service = Service::memory(&[]);
    let event = event("a", "1", "connect", 1).to_string();
    let sent = |path: &str, encoding: &str| {
        service.raw(&format!(
            "POST {path} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Encoding: {encoding}\r\n\
             Content-Length: {}\r\nConnection: close\r\n\r\n{event}",
            service.address(),
            event.len()
        ))
    };
    for path in ["/v1/events", "/v1/clients/query", "/v1/reconcile"] {
        for encoding in [
            "gzip",
            "br",
            "identity, gzip",
            "identity\r\nContent-Encoding: zstd",
        ] {
            let answer = sent(path, encoding);
            assert!(answer.starts_with("HTTP/1.1 415 "), "{encoding}: {answer}");
            for part in [
                "accept-encoding: identity",
                "unsupported_content_encoding",
                "send the body as it is",
            ] {
                assert!(answer.contains(part), "{encoding}: {answer} lacks {part}");
            }
        }
    }
    assert_eq!(service.get("/v1/stats").json["clients"], 0);
    assert_eq!(service.get("/v1/quarantine").json["records"], json!([]));
    let answer = sent("/v1/events", "Identity");
    assert!(answer.starts_with("HTTP/1.1 200 "), "{answer}");
}

#[test]
fn a_record_beyond_the_limit_is_named() {
    let service = Service::memory(&["--set", "limits.record=200"]);
    let long = event(&"c".repeat(150), "1", "connect", 1);
    let answer = service.post("/v1/events", "application/json", long.to_string());
    answer.is_problem(400, "no_events", "none of the 1 records");
    assert_eq!(answer.json["errors"][0]["code"], "too_large");
}

#[test]
fn a_service_with_other_sources_takes_no_events() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notices.ndjson");
    std::fs::write(&file, event("a", "1", "connect", 1).to_string()).unwrap();
    let path = format!("source.0.path={}", file.display());
    let service = Service::memory(&["--set", "source.0.kind=file", "--set", &path]);
    let answer = service.post(
        "/v1/events",
        "application/json",
        event("b", "2", "connect", 2).to_string(),
    );
    answer.is_problem(403, "ingest_off", "`[[source]]`");
    crate::support::eventually("the file is read", || {
        service.get("/v1/clients/a").json["online"] == true
    });
}
