//! The configuration files in the scratch folder.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};

use super::options::{StartOptions, has_proxy};
use super::ports::Ports;

/// Writes everything the servers and the admin tool read.
pub(super) fn write(options: &StartOptions, ports: &Ports) -> Result<(), String> {
    let dir = &options.dir;
    put(dir, "namesrv.conf", &namesrv(options, ports))?;
    put(dir, "broker.conf", &broker(options, ports))?;
    put(dir, "rmq-proxy.json", &proxy(options, ports).to_string())?;
    // A 4.x server ends at once where these are missing.
    for name in ["namesrv", "broker"] {
        put(dir, &format!("conf/logback_{name}.xml"), LOGBACK)?;
    }
    put(
        dir,
        "conf/logback_tools.xml",
        "<configuration><root level=\"ERROR\"/></configuration>\n",
    )?;
    if let Some((access, secret)) = &options.admin_keys {
        put(
            dir,
            "conf/tools.yml",
            &format!("accessKey: {access}\nsecretKey: {secret}\n"),
        )?;
    }
    // What the broker itself would have written after an admin call.
    if !options.topics.is_empty() && !dir.join("store/config/topics.json").exists() {
        put(
            dir,
            "store/config/topics.json",
            &topics(&options.topics).to_string(),
        )?;
    }
    if !options.groups.is_empty() && !dir.join("store/config/subscriptionGroup.json").exists() {
        put(
            dir,
            "store/config/subscriptionGroup.json",
            &groups(&options.groups).to_string(),
        )?;
    }
    Ok(())
}

const LOGBACK: &str = "<configuration>\n\
    <appender name=\"out\" class=\"ch.qos.logback.core.ConsoleAppender\"><encoder><pattern>%d %p %c{0} %m%n</pattern></encoder></appender>\n\
    <root level=\"WARN\"><appender-ref ref=\"out\"/></root>\n\
    </configuration>\n";

fn put(dir: &Path, name: &str, text: &str) -> Result<(), String> {
    let path = dir.join(name);
    path.parent()
        .map_or(Ok(()), fs::create_dir_all)
        .and_then(|()| fs::write(&path, text))
        .map_err(|error| format!("cannot write `{}`: {error}", path.display()))
}

fn namesrv(options: &StartOptions, ports: &Ports) -> String {
    let ours = [
        format!("listenPort={}", ports.namesrv()),
        "bindAddress=127.0.0.1".to_owned(),
    ];
    lines(&ours, &options.namesrv_conf)
}

fn broker(options: &StartOptions, ports: &Ports) -> String {
    let ours = [
        "brokerClusterName=DefaultCluster".to_owned(),
        "brokerName=broker-a".to_owned(),
        "brokerId=0".to_owned(),
        "brokerIP1=127.0.0.1".to_owned(),
        "bindAddress=127.0.0.1".to_owned(),
        format!("listenPort={}", ports.broker()),
        format!("haListenPort={}", ports.broker() + 1),
        format!("namesrvAddr=127.0.0.1:{}", ports.namesrv()),
        format!("storePathRootDir={}", options.dir.join("store").display()),
        format!(
            "storePathCommitLog={}",
            options.dir.join("store/commitlog").display()
        ),
        "autoCreateTopicEnable=false".to_owned(),
        "autoCreateSubscriptionGroup=true".to_owned(),
        "mappedFileSizeCommitLog=67108864".to_owned(),
        "mappedFileSizeConsumeQueue=120000".to_owned(),
        "flushDiskType=ASYNC_FLUSH".to_owned(),
        // A test machine's disk may be fuller than a server's should be.
        "diskMaxUsedSpaceRatio=99".to_owned(),
        "traceTopicEnable=true".to_owned(),
    ];
    lines(&ours, &options.broker_conf)
}

fn lines(ours: &[String], more: &[String]) -> String {
    ours.iter()
        .chain(more)
        .flat_map(|line| [line.as_str(), "\n"])
        .collect()
}

fn proxy(options: &StartOptions, ports: &Ports) -> Value {
    if !has_proxy(&options.version) {
        return json!({});
    }
    let mut settings: Map<String, Value> = [
        ("rocketMQClusterName", json!("DefaultCluster")),
        // Must differ from brokerName.
        ("proxyName", json!("proxy-a")),
        ("proxyMode", json!("LOCAL")),
        (
            "namesrvAddr",
            json!(format!("127.0.0.1:{}", ports.namesrv())),
        ),
        ("localServeAddr", json!("127.0.0.1")),
        ("grpcServerPort", json!(ports.grpc())),
        ("remotingListenPort", json!(ports.proxy())),
        ("tlsTestModeEnable", json!(true)),
    ]
    .into_iter()
    .map(|(key, value)| (key.to_owned(), value))
    .collect();
    settings.extend(options.proxy_conf.iter().cloned());
    Value::Object(settings)
}

fn topics(topics: &[(String, u32)]) -> Value {
    let table: Map<String, Value> = topics
        .iter()
        .map(|(name, queues)| {
            let topic = json!({
                "topicName": name, "readQueueNums": queues, "writeQueueNums": queues, "perm": 6,
                "order": false, "topicFilterType": "SINGLE_TAG", "topicSysFlag": 0,
                "attributes": {"message.type": "NORMAL"},
            });
            (name.clone(), topic)
        })
        .collect();
    json!({"dataVersion": version_of_data(), "topicConfigTable": table})
}

fn groups(groups: &[String]) -> Value {
    let table: Map<String, Value> = groups
        .iter()
        .map(|name| (name.clone(), json!({"groupName": name, "consumeEnable": true, "retryQueueNums": 1, "retryMaxTimes": 16})))
        .collect();
    json!({"dataVersion": version_of_data(), "subscriptionGroupTable": table})
}

fn version_of_data() -> Value {
    json!({"counter": 1, "stateVersion": 0, "timestamp": 1})
}
