use serde_json::{Value, json};

use crate::support::{Service, event};

/// Understood as soon as `limits.depth` lets it through.
fn nested(client: &str) -> Value {
    let mut nested = event(client, "1", "connect", 1);
    nested["more"] = json!({"deep": {"deeper": 1}});
    nested
}

fn retry(service: &Service, path: &str) -> Value {
    let answer = service.post(path, "", "");
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json
}

#[test]
fn what_is_understood_leaves_the_quarantine() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("p.db");
    let strict = Service::sqlite(&file, &["--set", "limits.depth=1"]);
    let body = format!("{}\n{{}}\n{}\n{}", nested("a"), nested("b"), nested("c"));
    let taken = strict.post("/v1/events", "application/json", body);
    assert_eq!(taken.json["rejected"], 4, "{}", taken.text);
    let still = retry(&strict, "/v1/quarantine/1/retry");
    assert_eq!(still["rejected"], 1);
    assert_eq!(
        (&still["errors"][0]["id"], &still["errors"][0]["code"]),
        (&json!(1), &json!("too_large"))
    );
    assert_eq!(strict.get("/v1/stats").json["quarantined"], 4);
    drop(strict);

    let service = Service::sqlite(&file, &[]);
    let one = retry(&service, "/v1/quarantine/1/retry");
    assert_eq!(
        one,
        json!({"retried": 1, "accepted": 1, "rejected": 0, "errors": []})
    );
    assert_eq!(service.get("/v1/clients/a").json["online"], true);
    assert_eq!(service.get("/v1/clients/b").json["online"], false);
    service
        .post("/v1/quarantine/1/retry", "", "")
        .is_problem(404, "not_quarantined", "`1`");
    let all = retry(&service, "/v1/quarantine/retry");
    assert_eq!(
        (&all["retried"], &all["accepted"], &all["rejected"]),
        (&json!(3), &json!(2), &json!(1))
    );
    assert_eq!(all["errors"][0]["id"], 2);
    assert_eq!(service.get("/v1/clients/c").json["online"], true);
    let left = service.get("/v1/quarantine").json;
    assert_eq!(left["records"].as_array().unwrap().len(), 1);
    assert_eq!(left["records"][0]["code"], "missing_field");
    assert_eq!(service.get("/v1/stats").json["quarantined"], 1);
}

#[test]
fn only_records_of_the_quarantine_are_tried() {
    let service = Service::memory(&[]);
    for wrong in ["0", "1", "x", "-1"] {
        let path = format!("/v1/quarantine/{wrong}/retry");
        service
            .post(&path, "", "")
            .is_problem(404, "not_quarantined", &format!("`{wrong}`"));
    }
    let none = retry(&service, "/v1/quarantine/retry");
    assert_eq!(none["retried"], 0);
}
