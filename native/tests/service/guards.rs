use crate::support::{Service, event, run};

#[test]
fn a_token_guards_everything_but_health_and_page() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "hush-hush\n").unwrap();
    let mut service = Service::memory(&["--token-file", file.to_str().unwrap()]);
    for path in [
        "/v1/stats",
        "/v1/clients/a",
        "/v1/clients",
        "/v1/transitions",
        "/v1/quarantine",
        "/metrics",
    ] {
        let refused = service.get(path);
        refused.is_problem(401, "unauthorized", "wants a token");
        assert!(refused.header("www-authenticate").starts_with("Bearer"));
    }
    let body = event("a", "1", "connect", 1).to_string();
    service
        .post("/v1/events", "application/json", &body)
        .is_problem(401, "unauthorized", "wants a token");
    for wrong in [
        "Bearer hush",
        "Bearer hush-hush2",
        "Bearer  ",
        "Basic hush-hush",
        "hush-hush",
    ] {
        let refused = service.get_with("/v1/stats", &[("authorization", wrong)]);
        assert_eq!(refused.status, 401, "{wrong}");
        assert!(!refused.text.contains("hush-hush"));
    }
    for path in ["/healthz", "/readyz", "/", "/openapi.json"] {
        assert_eq!(service.get(path).status, 200, "{path}");
    }
    assert_eq!(
        service.get("/readyz").json["checks"],
        serde_json::json!([]),
        "no names without a token"
    );
    service.token = Some("hush-hush".into());
    assert_eq!(service.get("/v1/stats").status, 200);
    assert_eq!(
        service
            .get_with("/v1/stats", &[("authorization", "bearer hush-hush")])
            .status,
        200
    );
    assert!(
        !service.get("/readyz").json["checks"]
            .as_array()
            .unwrap()
            .is_empty()
    );
    service.tell(&[event("a", "1", "connect", 1)]);
    assert!(!service.log().contains("hush"), "{}", service.log());
}

#[test]
fn an_address_that_others_reach_needs_a_token_or_consent() {
    let (code, _, said) = run(&["serve", "--store", "memory", "--bind", "0.0.0.0:0"]);
    assert_eq!(code, 2);
    assert!(
        said.contains("`0.0.0.0:0`")
            && said.contains("token")
            && said.contains("--allow-anonymous"),
        "{said}"
    );
    let service = Service::memory(&["--bind", "0.0.0.0:0", "--allow-anonymous"]);
    assert_eq!(service.get("/v1/stats").status, 200);
}

#[test]
fn pages_of_other_sites_are_kept_out() {
    let service = Service::memory(&[
        "--set",
        "api.cors=https://ops.example",
        "--set",
        "api.hosts=presence.test",
    ]);
    service
        .get_with("/v1/stats", &[("host", "evil.example")])
        .is_problem(403, "foreign_site", "`evil.example`");
    service
        .get_with("/v1/stats", &[("origin", "https://evil.example")])
        .is_problem(403, "foreign_site", "api.cors");
    assert_eq!(
        service
            .get_with("/v1/stats", &[("host", "presence.test:80")])
            .status,
        200
    );
    assert_eq!(
        service
            .get_with("/v1/stats", &[("origin", &service.url)])
            .status,
        200
    );
    let allowed = service.get_with("/v1/stats", &[("origin", "https://ops.example")]);
    assert_eq!(allowed.status, 200);
    assert_eq!(
        allowed.header("access-control-allow-origin"),
        "https://ops.example"
    );
    let preflight = service.raw(&format!(
        "OPTIONS /v1/events HTTP/1.1\r\nHost: {}\r\nOrigin: https://ops.example\r\nConnection: close\r\n\
         Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n\r\n",
        service.address()
    ));
    assert!(
        preflight.starts_with("HTTP/1.1 200") && preflight.contains("access-control-allow-methods"),
        "{preflight}"
    );
    let none = Service::memory(&[]);
    assert_eq!(
        none.get("/v1/stats").header("access-control-allow-origin"),
        ""
    );
}

#[test]
fn one_address_may_not_ask_too_often() {
    let service = Service::memory(&["--set", "api.rate=5"]);
    let answers: Vec<_> = (0..10).map(|_| service.get("/v1/stats")).collect();
    let refused = answers
        .iter()
        .find(|answer| answer.status != 200)
        .expect("ten at once are more than five");
    refused.is_problem(429, "too_many_requests", "`api.rate`");
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(answers[0].status, 200);
}

#[test]
fn browsers_get_strict_headers() {
    let service = Service::memory(&[]);
    let service_page = service.get("/").text;
    let script = between(&service_page, "src=\"./", "\"");
    for path in ["/", &format!("/{script}"), "/v1/stats", "/nowhere"] {
        let answer = service.get(path);
        let policy = answer.header("content-security-policy");
        assert!(
            policy.contains("default-src 'none'") && !policy.contains("'unsafe-"),
            "{path}: {policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), "nosniff");
        assert_eq!(answer.header("referrer-policy"), "no-referrer");
    }
    assert!(!service_page.contains("style=") && !service_page.contains("onclick"));
}

#[test]
fn the_page_is_asked_for_once() {
    let service = Service::memory(&[]);
    let page = service.get("/");
    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    assert_eq!(page.header("cache-control"), "no-cache");
    let same = service.get_with("/", &[("if-none-match", page.header("etag"))]);
    assert_eq!((same.status, same.text.as_str()), (304, ""));
    let script = format!("/{}", between(&page.text, "src=\"./", "\""));
    let script = service.get(&script);
    assert_eq!(
        script.header("cache-control"),
        "public, max-age=31536000, immutable"
    );
    assert!(script.header("content-type").starts_with("text/javascript"));
    service
        .get("/assets/nothing.js")
        .is_problem(404, "not_found", "/assets/nothing.js");
}

fn between<'a>(text: &'a str, before: &str, after: &str) -> &'a str {
    let (_, rest) = text.split_once(before).expect(text);
    rest.split_once(after).expect(text).0
}
