//! Whatever happens, no secret is said.

use std::path::Path;

use crate::support::{Service, command, eventually, finished};

/// Every secret that the configuration takes holds this word.
const WORD: &str = "hush";

/// Tokens, keys and a password, and sources that nobody serves.
fn configuration(folder: &Path, store: &str) -> String {
    std::fs::write(folder.join("token"), "hush-token-1\nhush-token-2\n").unwrap();
    std::fs::write(folder.join("key"), "hush-secret-file\n").unwrap();
    let config = folder.join("p.toml");
    let folder = folder.display();
    let text = format!(
        "[store]\n{store}\npassword = 'hush-password'\n\
         [[api.token]]\nname = 'a'\nscope = 'read'\nfile = '{folder}/token'\n\
         [[api.token]]\nname = 'b'\nscope = 'write'\nvalue = 'hush-token-3'\n\
         [[source]]\nkind = 'http'\n\
         [[source]]\nkind = 'remoting'\nnamesrv = '127.0.0.1:1'\ntopic = 't'\ngroup = 'g'\n\
         access_key = 'hush-access'\nsecret_key_file = '{folder}/key'\n\
         [[source]]\nkind = 'grpc'\nendpoint = '127.0.0.1:1'\ntopic = 't'\ngroup = 'g'\n\
         access_key = 'hush-access'\nsecret_key = 'hush-secret'\n"
    );
    std::fs::write(&config, text).unwrap();
    config.display().to_string()
}

#[test]
fn a_service_that_fails_says_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let config = configuration(folder.path(), "kind = 'memory'");
    let mut service = Service::start(&["--config", &config, "--log-level", "debug"]);
    service.token = Some("hush-token-1".into());
    eventually("both sources fail", || {
        let ready = service.get("/readyz");
        ready.text.matches("\"failing\"").count() == 2
    });
    let mut said = Vec::new();
    for path in [
        "/readyz",
        "/v1/stats",
        "/metrics",
        "/openapi.json",
        "/v1/nowhere",
    ] {
        said.push(service.get(path).text);
    }
    said.push(service.post("/v1/events", "application/json", "{}").text);
    for wrong in ["Bearer hush-token-4", "Basic hush-token-1", "hush-token-1"] {
        let refused = service.get_with("/v1/stats", &[("authorization", wrong)]);
        assert_eq!(refused.status, 401);
        said.push(refused.text);
    }
    std::fs::write(folder.path().join("token"), "hush hush\n").unwrap();
    eventually("the bad file is said", || {
        service.log().contains("cannot be used")
    });
    service.token = Some("hush-token-3".into());
    said.push(
        service
            .post("/v1/events", "application/json", "nonsense")
            .text,
    );
    said.push(service.log());
    let said = said.join("\n");
    for part in ["127.0.0.1:1", "insufficient_scope", "no_events"] {
        assert!(said.contains(part), "{part} is not in {said}");
    }
    assert!(!said.contains(WORD), "{said}");
}

#[test]
fn commands_say_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    for store in [
        "kind = 'redis'\nurl = 'redis://127.0.0.1:1'",
        "kind = 'postgres'\nurl = 'postgres://me@127.0.0.1:1/p'",
    ] {
        let config = configuration(folder.path(), store);
        for (args, part) in [
            (&["doctor", "--config", &config][..], "127.0.0.1:1"),
            (
                &["serve", "--config", &config, "--print-config"],
                "[redacted]",
            ),
            (
                &["serve", "--config", &config, "--set", "api.rate=x"],
                "`api.rate`",
            ),
            (
                &["serve", "--config", &config, "--set", "token=hush"],
                "`--set token` is not of the form",
            ),
            (&["serve", "--help"], "--config"),
            (&["get", "--help"], "--token-file"),
            (&["get", "a", "--url", "http://127.0.0.1:1"], "cannot reach"),
        ] {
            let mut command = command(args);
            command.env("MQTT_PRESENCE_TOKEN", "hush-token-5");
            command.env("MQTT_PRESENCE_SOURCE__1__ACCESS_KEY", "hush-access-2");
            let (_, out, said) = finished(command.output().unwrap());
            let all = out + &said;
            assert!(all.contains(part), "{args:?}: {part} is not in {all}");
            assert!(!all.contains(WORD), "{args:?}: {all}");
        }
    }
}
