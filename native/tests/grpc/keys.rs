//! A proxy that knows its users.

use std::time::Duration;

use mqtt_presence::source::Health;
use mqtt_presence::source::grpc::Config;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::running::Running;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_right_keys_read_and_others_are_named() {
    let _server = crate::SERVER.lock().await;
    let dir = tempfile::tempdir().unwrap();
    let options = with_users(StartOptions::new("5.3.3", dir.path()).topic("events", 4));
    let cluster = tokio::task::block_in_place(|| Cluster::start(options)).unwrap();
    let endpoint = cluster.grpc_endpoint().unwrap();
    let with = |access: &str, secret: &str| {
        let mut config = Config::new(&endpoint, "events", "GID_reader");
        config.access_key = Some(access.to_owned());
        config.secret_key = Some(secret.to_owned().into());
        config
    };

    let none = Config::new(&endpoint, "events", "GID_reader");
    for config in [none, with("rocketmq", "wrong"), with("nobody", "12345678")] {
        let mut running = Running::start(config);
        let reason = running.until_failing().await;
        assert!(reason.contains("check `access_key`"), "{reason}");
        assert!(!reason.contains("12345678"), "{reason}");
        running.stop().await;
    }

    let mut running = Running::start(with("rocketmq", "12345678"));
    running.until_ready().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    assert_eq!(*running.health.borrow(), Health::Ready);
    running.stop().await;
}

/// ACL 2.0, with one user that may do all, for the broker and for the proxy.
fn with_users(mut options: StartOptions) -> StartOptions {
    let provider = |what: &str, class: &str| format!("org.apache.rocketmq.auth.{what}.{class}");
    let users = options.dir.join("auth").display().to_string();
    let settings = [
        ("authenticationEnabled", "true".to_owned()),
        (
            "authenticationProvider",
            provider("authentication.provider", "DefaultAuthenticationProvider"),
        ),
        (
            "authenticationMetadataProvider",
            provider(
                "authentication.provider",
                "LocalAuthenticationMetadataProvider",
            ),
        ),
        (
            "initAuthenticationUser",
            r#"{"username":"rocketmq","password":"12345678"}"#.to_owned(),
        ),
        (
            "innerClientAuthenticationCredentials",
            r#"{"accessKey":"rocketmq","secretKey":"12345678"}"#.to_owned(),
        ),
        ("authConfigPath", users),
    ];
    for (name, value) in settings {
        options = options.broker_line(format!("{name}={value}"));
        let value = match name {
            "authenticationMetadataProvider" => PROXY_USERS.to_owned(),
            _ => value,
        };
        options.proxy_conf.push((name.to_owned(), value.into()));
    }
    options
}

/// Where the proxy looks users up: at its broker.
const PROXY_USERS: &str = "org.apache.rocketmq.proxy.auth.ProxyAuthenticationMetadataProvider";
