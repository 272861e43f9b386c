//! Tokens: what each allows, and how they are changed while the service runs.

use std::path::Path;

use crate::support::{Answer, Service, Stream, connects, event, eventually, run};

/// A service with a token that may read and one that may write, each in a file.
fn with_two(folder: &Path) -> Service {
    std::fs::write(folder.join("read"), "reader-1\n").unwrap();
    std::fs::write(folder.join("write"), "writer-1\n").unwrap();
    let config = folder.join("p.toml");
    std::fs::write(
        &config,
        format!(
            "[[api.token]]\nname = 'dashboards'\nscope = 'read'\nfile = '{0}/read'\n\
             [[api.token]]\nname = 'bridge'\nscope = 'write'\nfile = '{0}/write'\n",
            folder.display()
        ),
    )
    .unwrap();
    Service::memory(&["--config", config.to_str().unwrap()])
}

fn asked(service: &mut Service, token: &str) -> Answer {
    service.token = Some(token.into());
    service.get("/v1/stats")
}

#[test]
fn a_token_that_may_read_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = with_two(folder.path());
    service.token = Some("writer-1".into());
    service.tell(&connects(0..1));
    assert_eq!(service.get("/v1/stats").json["online"], 1);
    service.token = Some("reader-1".into());
    for path in [
        "/v1/clients/GID_x@@@dev000",
        "/v1/clients",
        "/v1/clients/a/history",
        "/v1/stats",
        "/v1/quarantine",
        "/metrics",
    ] {
        assert_eq!(service.get(path).status, 200, "{path}");
    }
    let ids = r#"{"clientIds": ["GID_x@@@dev000"]}"#;
    let answer = service.post("/v1/clients/query", "application/json", ids);
    assert_eq!(answer.json["clients"][0]["online"], true, "{}", answer.text);
    assert_ne!(service.get("/readyz").json["checks"], serde_json::json!([]));

    let list = r#"{"full": true, "asOf": 1700000000000, "clients": []}"#;
    let one = event("b", "1", "connect", 1).to_string();
    for (path, body) in [
        ("/v1/events", one.as_str()),
        ("/v1/reconcile", list),
        ("/v1/quarantine/retry", ""),
        ("/v1/quarantine/1/retry", ""),
    ] {
        let refused = service.post(path, "application/json", body);
        refused.is_problem(
            403,
            "insufficient_scope",
            "needs a token of the scope `write`",
        );
        let challenge = refused.header("www-authenticate");
        assert!(
            challenge.contains("insufficient_scope") && challenge.contains("scope=\"write\""),
            "{challenge}"
        );
    }
    assert_eq!(
        service.get("/v1/stats").json["online"],
        1,
        "nothing was taken"
    );
    asked(&mut service, "reader-2").is_problem(401, "unauthorized", "none of this service's");
}

#[test]
fn a_new_token_is_valid_beside_the_old_one_and_then_alone() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = with_two(folder.path());
    let file = folder.path().join("read");
    assert_eq!(asked(&mut service, "reader-1").status, 200);
    service.token = None;
    let mut stream = Stream::open(
        &service,
        "/v1/transitions",
        "Authorization: Bearer reader-1\r\n",
    );
    stream.placed();

    std::fs::write(&file, "reader-1\r\n\nreader-2\n").unwrap();
    eventually_valid(&mut service, "reader-2", true);
    assert_eq!(
        asked(&mut service, "reader-1").status,
        200,
        "both are valid"
    );
    asked(&mut service, "writer-1");
    service.tell(&connects(0..1));
    assert_eq!(stream.ids(1), [1], "its stream goes on");

    // As deployment tools do it: a new file in the place of the old one.
    std::fs::write(folder.path().join("new"), "reader-2\n").unwrap();
    std::fs::rename(folder.path().join("new"), &file).unwrap();
    eventually_valid(&mut service, "reader-1", false);
    assert_eq!(asked(&mut service, "reader-2").status, 200);
    assert!(stream.next().is_none(), "a stream ends with its token");
    assert!(!service.log().contains("reader-"), "{}", service.log());
}

#[test]
fn a_file_that_cannot_be_used_changes_nothing_until_it_can() {
    let folder = tempfile::tempdir().unwrap();
    let mut service = with_two(folder.path());
    let file = folder.path().join("write");
    for (content, reason) in [
        (Some("\n"), "is empty"),
        (Some("two words\n"), "one token a line"),
        (None, "cannot be read"),
    ] {
        match content {
            Some(content) => std::fs::write(&file, content).unwrap(),
            None => std::fs::remove_file(&file).unwrap(),
        }
        eventually(reason, || service.log().contains(reason));
        assert_eq!(asked(&mut service, "writer-1").status, 200, "{reason}");
    }
    let errors = service.log().matches("cannot be used").count();
    assert_eq!(errors, 3, "each is said once: {}", service.log());
    std::fs::write(&file, "writer-2\n").unwrap();
    service.signal("HUP");
    eventually_valid(&mut service, "writer-2", true);
    assert_eq!(asked(&mut service, "writer-1").status, 401);
    assert!(!service.log().contains("two words"), "{}", service.log());
}

#[test]
fn tokens_that_cannot_be_used_are_named_at_the_start() {
    let folder = tempfile::tempdir().unwrap();
    let empty = folder.path().join("empty");
    std::fs::write(&empty, "\n\n").unwrap();
    let entry = |more: &str| format!("[[api.token]]\nname = 'a'\nscope = 'read'\n{more}\n");
    let file = |path: &Path| entry(&format!("file = '{}'", path.display()));
    for (text, parts) in [
        (file(&empty), &["`a`", "`", "is empty"][..]),
        (
            file(Path::new("/no/such")),
            &["`a`", "`/no/such` cannot be read"],
        ),
        (entry(""), &["`api.token.0.file`", "missing", "`value`"]),
        (
            entry("value = 'hush-1'\nfile = 'x'"),
            &["`api.token.0.file`", "give one"],
        ),
        (entry("value = 'hush 1'"), &["`a`", "no header can carry"]),
        (
            entry("value = 'hush-1'").repeat(2),
            &["`api.token.1.name`", "another"],
        ),
        (
            entry("scop = 'x'"),
            &["unknown key `api.token.0.scop`", "`scope`"],
        ),
        (
            "[[api.token]]\nname = 'a'\nvalue = 'hush-1'".into(),
            &["`api.token.0.scope` is missing", "`read`"],
        ),
        (
            entry("value = 'hush-1'").replace("read", "admin"),
            &["`api.token.0.scope` is", "`write`"],
        ),
        (
            "[api.token]\nname = 'a'".into(),
            &["`[[api.token]]`, in two brackets"],
        ),
        (
            "[api]\ntoken = ['hush-1']".into(),
            &["`api.token.0` is no `[[api.token]]` table"],
        ),
        ("[api]\ntoken = 5".into(), &["`api.token`", "wrong type"]),
    ] {
        let config = folder.path().join("p.toml");
        std::fs::write(&config, &text).unwrap();
        let (code, _, said) = run(&[
            "serve",
            "--store",
            "memory",
            "--config",
            config.to_str().unwrap(),
        ]);
        assert_eq!(code, 2, "{text}: {said}");
        for part in parts {
            assert!(said.contains(part), "{text}: {said} lacks {part}");
        }
        assert!(!said.contains("hush"), "{said}");
    }
}

#[test]
fn tokens_also_come_from_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("p.toml");
    std::fs::write(&config, "[[api.token]]\nname = 'a'\nscope = 'read'\n").unwrap();
    let config = config.to_str().unwrap();
    let mut service = Service::memory(&["--config", config, "--set", "api.token.0.value=007"]);
    assert_eq!(asked(&mut service, "007").status, 200);
    let mut print = crate::support::command(&["serve", "--config", config, "--print-config"]);
    print.env("MQTT_PRESENCE_API__TOKEN__0__VALUE", "hush-hush");
    let (code, out, said) = crate::support::finished(print.output().unwrap());
    assert_eq!(code, 0, "{said}");
    assert!(
        out.contains("[[api.token]]\nname = \"a\"\nscope = \"read\"\nvalue = \"[redacted]\"")
            && !out.contains("hush"),
        "{out}"
    );
}

fn eventually_valid(service: &mut Service, token: &str, valid: bool) {
    service.token = Some(token.into());
    let status = if valid { 200 } else { 401 };
    eventually(token, || service.get("/v1/stats").status == status);
}
