//! A record that only a service with wider limits takes.

use serde_json::{Value, json};

use crate::support::{Service, eventually};

/// Larger than `limits.record` is unless told otherwise.
pub fn body() -> String {
    let mut event =
        json!({"clientId": "large", "channelId": "c", "eventType": "connect", "time": 1});
    event["note"] = "x".repeat(100_000).into();
    event.to_string()
}

/// A service that takes it, with these settings of its first source.
pub fn service(source: &[(&str, &str)]) -> Service {
    let settings = source.iter();
    let settings = settings.map(|(key, value)| format!("--set=source.0.{key}={value}"));
    let settings: Vec<String> = settings.collect();
    let mut args = vec!["--store", "memory", "--set", "limits.record=200000"];
    args.extend(settings.iter().map(String::as_str));
    let service = Service::start(&args);
    eventually("receiving", || service.get("/readyz").status == 200);
    service
}

/// Waits until it was taken.
pub fn arrives(service: &Service) {
    eventually("the large record", || {
        service.get("/v1/clients/large").json["online"] == Value::Bool(true)
    });
}
