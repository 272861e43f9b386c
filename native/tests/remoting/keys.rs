//! Access keys: for each fault the service and `doctor` say what is wrong, where
//! and what to do; once the server lets it in, the service goes on by itself and
//! nothing is missing. No secret is said.

use std::path::Path;
use std::time::{Duration, Instant};

use mqtt_presence::source::remoting::{Config, Producer};
use serde_json::Value;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::harness::events;
use crate::support::{Service, connects, run};

/// Every secret holds this word.
const WORD: &str = "hush";
const ADMIN: [&str; 2] = ["rocketmq", "hush-admin"];
const READER: [&str; 2] = ["readerkey", "hush-reader"];
/// Unknown until it is admitted.
const NEWCOMER: [&str; 2] = ["newcomer", "hush-newcomer"];
const EVENTS: u64 = 300;
/// A refusal is noticed at the first heartbeat, an admission at the next one, or
/// when the client was built anew.
const PATIENCE: Duration = Duration::from_secs(120);

pub fn decide(version: &str) {
    let folder = tempfile::tempdir().unwrap();
    let server = Guarded::start(version, folder.path());
    server.write("events");
    server.write("other");

    let reads = |topic: &str, group: &str, keys: &[&str]| {
        let own = [("topic", topic), ("group", group)];
        Instance::start(&server, "source", &[&own[..], &named(keys)].concat())
    };
    let [access, secret] = READER;
    let wrong = reads("events", "GID_right", &[access, "hush-wrong"]);
    let none = reads("events", "GID_right", &[]);
    let unknown = reads("events", "GID_new", &NEWCOMER);
    let topic = reads("other", "GID_topic", &READER);
    let group = reads("events", "GID_group", &READER);
    let own = [("topic", "changes"), ("name", "changes"), ("from", "first")];
    let sink = Instance::start(&server, "sink", &[&own[..], &named(&NEWCOMER)].concat());
    sink.service.tell(&connects(0..10));

    for (instance, who) in [
        (&wrong, "a wrong secret"),
        (&none, "no keys"),
        (&unknown, "an unknown key"),
        (&topic, "a topic that the key may not read"),
        (&group, "a group that the key may not use"),
    ] {
        let sentence = instance.until(who, Instance::refused);
        println!("{version}, {who}: {sentence}");
        for part in [
            "the broker `127.0.0.1:",
            "check the keys and what they may read",
        ] {
            assert!(sentence.contains(part), "{who}: {sentence}");
        }
        assert!(
            instance
                .service
                .log()
                .contains(&sentence.replace('"', "\\\""))
        );
        assert_eq!(instance.clients(), 0, "{who}");
        instance.examined(who, true);
    }
    let sentence = sink.until("a sink with an unknown key", Instance::undelivered);
    println!("{version}, a sink: {sentence}");
    for part in [
        "takes no messages for topic `changes`",
        "check the keys and what they may write",
    ] {
        assert!(sentence.contains(part), "{sentence}");
    }
    sink.examined("a sink with an unknown key", true);

    let right = reads("events", "GID_right", &[access, secret]);
    right.until("the right keys", Instance::has_all);
    right.examined("the right keys", false);

    server.admit();
    let began = Instant::now();
    for (instance, who) in [
        (&unknown, "a key that was made"),
        (&topic, "a topic that was permitted"),
        (&group, "a group that was permitted"),
    ] {
        instance.until(who, Instance::has_all);
        println!("{version}, {who}: all there after {:?}", began.elapsed());
        instance.examined(who, false);
    }
    sink.until("a sink whose key was made", |sink| {
        (sink.sink()["place"] == 10 && sink.sink()["error"].is_null()).then_some(())
    });
    sink.examined("a sink whose key was made", false);
    for instance in [&wrong, &none] {
        assert!(instance.refused().is_some());
        assert_eq!(instance.clients(), 0);
    }
    for instance in [wrong, none, unknown, topic, group, sink, right] {
        instance.says_no_secret();
    }
}

fn named<'a>(keys: &[&'a str]) -> Vec<(&'static str, &'a str)> {
    ["access_key", "secret_key"]
        .into_iter()
        .zip(keys.iter().copied())
        .collect()
}

/// A server that asks for keys.
struct Guarded {
    cluster: Cluster,
    /// 5.x keeps users itself, 4.x in a file that it watches.
    by_command: bool,
}

impl Guarded {
    fn start(version: &str, folder: &Path) -> Guarded {
        let by_command = !version.starts_with("4.");
        let mut options = StartOptions::new(version, folder);
        for topic in ["events", "other", "changes"] {
            options = options.topic(topic, 4);
        }
        for group in ["GID_right", "GID_new", "GID_topic", "GID_group"] {
            options = options.group(group);
        }
        if by_command {
            options = options.acl_2(ADMIN);
        } else {
            options = options.broker_line("aclEnable=true").admin(ADMIN);
            plain_acl(folder, false);
        }
        let cluster = Cluster::start(options).unwrap();
        let server = Guarded {
            cluster,
            by_command,
        };
        if by_command {
            server.cluster.user(READER).unwrap();
            server.permit(
                READER,
                "Topic:events,Group:GID_right,Group:GID_topic",
                "Sub",
            );
        }
        server
    }

    /// Now the newcomer exists, and the reader may do what it lacked.
    fn admit(&self) {
        if !self.by_command {
            return plain_acl(self.cluster.dir(), true);
        }
        self.cluster.user(NEWCOMER).unwrap();
        self.permit(NEWCOMER, "Topic:events,Group:GID_new", "Sub");
        self.permit(NEWCOMER, "Topic:changes", "Pub");
        self.permit(READER, "Topic:other,Group:GID_group", "Sub");
    }

    fn permit(&self, [name, _]: [&str; 2], resources: &str, action: &str) {
        self.cluster.permit(name, resources, action).unwrap();
    }

    fn write(&self, topic: &str) {
        let mut config = Config::new(self.cluster.namesrv(), topic, "GID_writer");
        config.access_key = Some(ADMIN[0].to_owned());
        config.secret_key = Some(ADMIN[1].to_owned().into());
        tokio::runtime::Runtime::new().unwrap().block_on(async {
            let producer = Producer::start(&config).await.unwrap();
            producer.send(&events(topic, EVENTS)).await.unwrap();
            producer.shutdown().await;
        });
    }
}

/// Access control of 4.x, written as a whole, for the broker watches the file.
fn plain_acl(folder: &Path, admitted: bool) {
    let account = |[name, secret]: [&str; 2], topics: &[&str], groups: &[&str]| {
        let list = |what: &str, rights: &[&str]| {
            let lines: String = rights
                .iter()
                .map(|right| format!("  - {right}\n"))
                .collect();
            format!("  {what}:\n{lines}")
        };
        format!(
            "- accessKey: {name}\n  secretKey: {secret}\n  admin: false\n  defaultTopicPerm: DENY\n  \
             defaultGroupPerm: DENY\n{}{}",
            list("topicPerms", topics),
            list("groupPerms", groups)
        )
    };
    let mut text = format!(
        "accounts:\n- accessKey: {}\n  secretKey: {}\n  admin: true\n",
        ADMIN[0], ADMIN[1]
    );
    if admitted {
        let groups = ["GID_right=SUB", "GID_topic=SUB", "GID_group=SUB"];
        text += &account(READER, &["events=SUB", "other=SUB"], &groups);
        text += &account(NEWCOMER, &["events=SUB", "changes=PUB"], &["GID_new=SUB"]);
    } else {
        text += &account(READER, &["events=SUB"], &["GID_right=SUB", "GID_topic=SUB"]);
    }
    let folder = folder.join("conf");
    std::fs::create_dir_all(&folder).unwrap();
    std::fs::write(folder.join("acl.new"), text).unwrap();
    std::fs::rename(folder.join("acl.new"), folder.join("plain_acl.yml")).unwrap();
}

/// A running service with one source or one sink, and its settings.
struct Instance {
    service: Service,
    settings: Vec<String>,
    part: String,
}

impl Instance {
    fn start(server: &Guarded, part: &str, own: &[(&str, &str)]) -> Instance {
        let kind = if part == "sink" {
            "rocketmq"
        } else {
            "remoting"
        };
        let common = [("kind", kind), ("namesrv", server.cluster.namesrv())];
        let mut settings = vec!["--store".to_owned(), "memory".to_owned()];
        for (key, value) in common.iter().chain(own) {
            settings.extend(["--set".to_owned(), format!("{part}.0.{key}={value}")]);
        }
        let mut args: Vec<&str> = settings.iter().map(String::as_str).collect();
        args.extend(["--log-level", "debug"]);
        Instance {
            service: Service::start(&args),
            part: part.to_owned(),
            settings,
        }
    }

    /// Waits for it.
    #[track_caller]
    fn until<T>(&self, what: &str, look: impl Fn(&Instance) -> Option<T>) -> T {
        let began = Instant::now();
        loop {
            if let Some(found) = look(self) {
                return found;
            }
            if began.elapsed() > PATIENCE {
                let ready = self.service.get("/readyz").text;
                panic!(
                    "{what}: {ready}, {} clients, {}",
                    self.clients(),
                    self.sink()
                );
            }
            std::thread::sleep(Duration::from_millis(200));
        }
    }

    /// Why the source is refused, where it is.
    fn refused(&self) -> Option<String> {
        let ready = self.service.get("/readyz");
        let checks = ready.json["checks"].as_array().unwrap();
        let messages = checks.iter().filter_map(|check| check["message"].as_str());
        let refused = messages
            .into_iter()
            .find(|message| message.contains("refused"))?;
        assert_eq!(ready.status, 503);
        Some(refused.to_owned())
    }

    /// Why the sink does not deliver, where it does not.
    fn undelivered(&self) -> Option<String> {
        let sink = self.sink();
        (sink["state"] == "failing").then(|| sink["error"].as_str().unwrap().to_owned())
    }

    fn has_all(&self) -> Option<()> {
        (self.clients() == EVENTS && self.service.get("/readyz").status == 200).then_some(())
    }

    fn clients(&self) -> u64 {
        self.service.get("/v1/stats").json["clients"]
            .as_u64()
            .unwrap()
    }

    fn sink(&self) -> Value {
        self.service.get("/v1/sinks").json["sinks"][0].clone()
    }

    /// The doctor finds the keys refused, or nothing wrong.
    #[track_caller]
    fn examined(&self, who: &str, refused: bool) {
        let mut args = vec!["doctor", "--format", "json", "--bind", "127.0.0.1:0"];
        args.extend(self.settings.iter().map(String::as_str));
        let (code, out, said) = run(&args);
        let report: Value = serde_json::from_str(&out).unwrap();
        let findings = report["findings"].as_array().unwrap();
        let errors: Vec<&Value> = findings
            .iter()
            .filter(|one| one["severity"] == "error")
            .collect();
        let names: Vec<&str> = errors
            .iter()
            .map(|one| one["name"].as_str().unwrap())
            .collect();
        assert_eq!(
            (names.as_slice(), code),
            if refused {
                (&["broker_refuses"][..], 1)
            } else {
                (&[][..], 0)
            },
            "{who}: {report:#}"
        );
        if refused {
            println!("  {}", errors[0]["message"]);
            assert!(
                errors[0]["part"].as_str().unwrap().starts_with(&self.part),
                "{report:#}"
            );
            assert!(
                errors[0]["do"]
                    .as_str()
                    .unwrap()
                    .contains("check `access_key`"),
                "{report:#}"
            );
        }
        assert!(!(out + &said).contains(WORD), "{who}");
    }

    fn says_no_secret(self) {
        for path in ["/readyz", "/metrics", "/v1/stats", "/v1/sinks"] {
            assert!(!self.service.get(path).text.contains(WORD), "{path}");
        }
        let log = self.service.log();
        assert!(!log.is_empty() && !log.contains(WORD), "{log}");
    }
}
