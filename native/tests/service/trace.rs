use serde_json::{Value, json};

use crate::support::{Service, connects, event, on_each_store, run};

#[test]
fn what_came_without_a_message_has_no_times() {
    on_each_store(|service| {
        service.tell(&[
            event("GID_x@@@a/1", "1", "connect", 1_000),
            event("GID_x@@@a/1", "1", "tcpclean", 2_000),
            event("b", "2", "connect", 1_000),
        ]);
        let answer = service.get("/v1/trace/GID_x%40%40%40a%2F1");
        assert_eq!(answer.status, 200, "{}", answer.text);
        assert_eq!(answer.json["id"], "GID_x@@@a/1");
        assert_eq!(answer.json["since"], Value::Null, "no source has `trace`");
        let messages = answer.json["messages"].as_array().unwrap();
        assert_eq!(messages.len(), 2);
        for (message, online) in messages.iter().zip([true, false]) {
            assert_eq!(message["messageId"], Value::Null);
            assert_eq!(message["clientIds"], json!(["GID_x@@@a/1"]));
            assert_eq!(message["committed"], Value::Null);
            assert_eq!(message["missing"], "it came from no RocketMQ message");
            assert_eq!(message["transitions"][0]["online"], online);
        }
        let newest = service.get("/v1/trace/GID_x%40%40%40a%2F1?limit=1").json;
        assert_eq!(newest["messages"], json!([messages[1]]));
    });
}

#[test]
fn what_is_not_there_is_said() {
    let service = Service::memory(&[]);
    service.tell(&connects(0..2_500));
    let answer = service.get("/v1/trace/never").json;
    assert_eq!(answer["messages"], json!([]));
    assert!(answer["note"].as_str().unwrap().contains("quarantine"));
    service
        .get("/v1/trace/a?limit=0")
        .is_problem(422, "invalid_parameter", "1 to 1000");
    service
        .get("/v1/trace/a?since=0")
        .is_problem(422, "invalid_parameter", "`since`");
    service
        .get("/v1/trace/%FF")
        .is_problem(400, "invalid_path", "UTF-8");
    let document = service.get("/openapi.json").json;
    assert!(document["paths"]["/v1/trace/{id}"]["get"].is_object());
}

#[test]
fn the_command_answers_with_its_exit_code() {
    let service = Service::memory(&[]);
    service.tell(&[event("GID_x@@@a/1", "c1", "connect", 1_000)]);
    let url = service.url.as_str();
    let (code, out, _) = run(&["trace", "GID_x@@@a/1", "--url", url]);
    assert_eq!(code, 0, "{out}");
    for part in [
        "client GID_x@@@a/1",
        "no RocketMQ message",
        "transition 1: GID_x@@@a/1 is online by connect of channel c1",
    ] {
        assert!(out.contains(part), "{out} lacks {part}");
    }
    let (code, out, _) = run(&["trace", "GID_x@@@a/1", "--url", url, "--format", "json"]);
    let answer: Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &answer["messages"][0]["transitions"][0]["id"]),
        (0, &json!(1))
    );
    let (code, out, _) = run(&["trace", "never", "--url", url]);
    assert_eq!(code, 3);
    assert!(out.contains("nothing is known of `never`"), "{out}");
    let (code, _, said) = run(&["trace", "a", "--url", url, "--limit", "0"]);
    assert_eq!(code, 2, "{said}");
}
