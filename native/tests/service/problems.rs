use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::support::{Service, connects, eventually, run};

#[test]
fn every_error_is_a_problem_document() {
    let service = Service::memory(&[]);
    service
        .get("/v1/nowhere")
        .is_problem(404, "not_found", "`/v1/nowhere`");
    service
        .get("/v1/clients/")
        .is_problem(404, "not_found", "`/v1/clients/`");
    let wrong = service.post("/v1/stats", "application/json", "{}");
    wrong.is_problem(405, "method_not_allowed", "`/v1/stats` does not take POST");
    assert!(wrong.header("allow").contains("GET"));
    let wrong = service.get("/v1/events");
    wrong.is_problem(405, "method_not_allowed", "GET");
    service
        .get("/v1/clients/%FF")
        .is_problem(400, "invalid_path", "UTF-8");
    service
        .get("/v1/stats?x=1")
        .is_problem(422, "invalid_parameter", "takes none");
}

#[test]
fn the_description_has_every_route_and_no_other() {
    let service = Service::memory(&[]);
    let document = service.get("/openapi.json").json;
    assert!(document["openapi"].as_str().unwrap().starts_with("3.1"));
    let paths = document["paths"].as_object().unwrap();
    let described: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            item.as_object()
                .unwrap()
                .keys()
                .map(move |method| format!("{method} {path}"))
        })
        .collect();
    let expected = [
        "get /",
        "get /healthz",
        "get /metrics",
        "get /openapi.json",
        "get /readyz",
        "get /v1/clients",
        "get /v1/clients/{clientId}",
        "get /v1/clients/{clientId}/history",
        "get /v1/quarantine",
        "get /v1/sinks",
        "get /v1/sinks/{name}/dead-letters",
        "get /v1/stats",
        "get /v1/trace/{id}",
        "get /v1/transitions",
        "post /v1/clients/query",
        "post /v1/events",
        "post /v1/reconcile",
        "post /v1/quarantine/retry",
        "post /v1/quarantine/{id}/retry",
        "post /v1/sinks/{name}/dead-letters/retry",
    ];
    assert_eq!(
        described,
        expected.iter().map(ToString::to_string).collect()
    );
    for route in expected {
        let (method, path) = route.split_once(' ').unwrap();
        let path = path.replace("{clientId}", "a");
        // A method that no route has shows whether the path is routed, and to what.
        let head = service.raw(&format!(
            "DELETE {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n\r\n",
            service.address()
        ));
        assert!(head.starts_with("HTTP/1.1 405 "), "{route}: {head}");
        let allow = head
            .lines()
            .find_map(|line| line.strip_prefix("allow: "))
            .unwrap();
        assert!(
            allow
                .split(',')
                .any(|allowed| allowed.eq_ignore_ascii_case(method)),
            "{route}: {allow}"
        );
    }
    // Where a token is wanted if there is one, and where never.
    for (path, item) in paths {
        let guarded = path.starts_with("/v1/") || path == "/metrics";
        let wanted = if guarded {
            json!([{}, {"token": []}])
        } else {
            Value::Null
        };
        for (method, operation) in item.as_object().unwrap() {
            assert_eq!(operation["security"], wanted, "{method} {path}");
        }
    }
    let schemas = document["components"]["schemas"].as_object().unwrap();
    let text = document.to_string();
    for reference in text.split("\"#/components/schemas/").skip(1) {
        let name = reference.split('"').next().unwrap();
        assert!(
            schemas.contains_key(name),
            "`{name}` is referred to and not there"
        );
    }
}

#[test]
fn health_and_metrics_say_how_it_fares() {
    let service = Service::memory(&[]);
    assert_eq!(service.get("/healthz").json["status"], "ok");
    let ready = service.get("/readyz");
    assert_eq!(
        (ready.status, &ready.json["ready"]),
        (200, &true.into()),
        "{}",
        ready.text
    );
    assert!(
        ready.json["checks"]
            .as_array()
            .unwrap()
            .iter()
            .all(|check| check["state"] == "ready")
    );
    service.tell(&connects(0..3));
    let metrics = service.get("/metrics");
    assert_eq!(metrics.status, 200);
    assert!(
        metrics
            .header("content-type")
            .starts_with("text/plain; version=0.0.4")
    );
    assert!(metrics.text.contains("mqtt_presence_"), "{}", metrics.text);
}

#[test]
fn a_source_that_fails_makes_the_service_unready_until_it_mends() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("notices");
    let path = format!("source.0.path={}", file.display());
    let more = [
        "--set",
        "source.0.kind=file",
        "--set",
        "source.0.follow=true",
        "--set",
        &path,
    ];
    let service = Service::memory(&more);
    eventually("not ready", || {
        service.get("/readyz").json["checks"]
            .to_string()
            .contains("failing")
    });
    let unready = service.get("/readyz");
    assert_eq!(
        (unready.status, &unready.json["ready"]),
        (503, &false.into())
    );
    assert!(
        unready.text.contains(file.to_str().unwrap()),
        "{}",
        unready.text
    );
    std::fs::write(&file, format!("{}\n", connects(0..1)[0])).unwrap();
    eventually("ready", || service.get("/readyz").status == 200);
    eventually("the file is read", || {
        service.get("/v1/stats").json["online"] == 1
    });
}

#[test]
fn a_source_that_cannot_run_ends_the_service() {
    let args = ["serve", "--store", "memory", "--bind", "127.0.0.1:0"];
    let source = [
        "--set",
        "source.0.kind=file",
        "--set",
        "source.0.path=/no/such",
    ];
    let (code, _, said) = run(&[&args[..], &source[..]].concat());
    assert_eq!(code, 1);
    assert!(said.contains("/no/such"), "{said}");
}

#[test]
fn the_fleet_lives() {
    let service = Service::memory(&[
        "--set",
        "source.0.kind=fleet",
        "--set",
        "source.0.rate=1000",
    ]);
    eventually("clients go online", || {
        service.get("/v1/stats").json["online"].as_u64() > Some(10)
    });
}
