#![allow(clippy::unwrap_used)]

use std::path::Path;

use super::allowed::ALLOWED;
use super::*;

const EXAMPLE: &str = include_str!("../../../mqtt-presence.example.toml");

fn from(
    text: &str,
    environment: &[(&str, &str)],
    flags: &[(&str, &str)],
) -> Result<Config, String> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("p.toml");
    std::fs::write(&path, text).unwrap();
    let input = Input {
        file: Some(path.clone()),
        environment: environment
            .iter()
            .map(|(name, value)| (name.to_string(), value.to_string()))
            .collect(),
        flags: flags
            .iter()
            .map(|(key, value)| (format!("--set {key}"), key.to_string(), value.to_string()))
            .collect(),
    };
    load(&input).map_err(|error| error.to_string().replace(path.to_str().unwrap(), "p.toml"))
}

#[test]
fn the_example_is_complete_and_gives_the_defaults() {
    let config = from(EXAMPLE, &[], &[]).unwrap();
    assert_eq!(config.shown(), load(&Input::default()).unwrap().shown());
    let uncommented = EXAMPLE.replace("# ", "").replace("#\n", "\n");
    for (key, _) in ALLOWED {
        let name = key.rsplit('.').next().unwrap();
        let there = uncommented.contains(&format!("{name} = "));
        let elsewhere = *key == "source.secret_key";
        assert!(
            there || elsewhere,
            "`{key}` is not in mqtt-presence.example.toml"
        );
    }
}

#[test]
fn every_key_says_what_it_takes() {
    let shown: toml::Table = Config::default().shown().parse().unwrap();
    for (section, keys) in shown.iter().filter(|(section, _)| *section != "source") {
        for key in keys.as_table().unwrap().keys() {
            assert!(
                allowed::allowed(&format!("{section}.{key}")).is_some(),
                "{section}.{key}"
            );
        }
    }
}

#[test]
fn the_flag_wins_over_the_variable_and_the_variable_over_the_file() {
    let file =
        "[api]\nrate = 1\nmax_streams = 1\ntimeout = '1s'\n[[source]]\nkind = 'file'\npath = 'a'\n";
    let environment = [
        ("MQTT_PRESENCE_API__MAX_STREAMS", "2"),
        ("MQTT_PRESENCE_API__TIMEOUT", "2s"),
        (
            "MQTT_PRESENCE_API__CORS",
            "https://a.example, https://b.example",
        ),
        ("MQTT_PRESENCE_SOURCE__0__FOLLOW", "true"),
        ("MQTT_PRESENCE_SOURCE__1__KIND", "fleet"),
        ("MQTT_PRESENCE_SOURCE__1__CLIENTS", "7"),
        ("MQTT_PRESENCE_PORT", "tcp://10.0.0.1:8787"),
        ("MQTT_PRESENCE_SERVICE_HOST", "10.0.0.1"),
    ];
    let config = from(file, &environment, &[("api.timeout", "3s")]).unwrap();
    assert_eq!(
        (config.api.rate, config.api.max_streams, config.api.timeout),
        (1, 2, Span::seconds(3))
    );
    assert_eq!(config.api.cors, ["https://a.example", "https://b.example"]);
    let kinds: Vec<_> = config.source.iter().map(Source::kind).collect();
    assert_eq!(kinds, ["file", "fleet"]);
    assert!(
        config.shown().contains("follow = \"true\""),
        "{}",
        config.shown()
    );
    assert!(!config.takes_http());
}

#[test]
fn a_token_of_digits_stays_as_it_is() {
    let config = from("", &[("MQTT_PRESENCE_API__TOKEN", "007")], &[]).unwrap();
    assert_eq!(config.api.token.unwrap().expose(), "007");
}

#[test]
fn a_token_in_short_stands_beside_tables_whichever_layer_gives_them() {
    let tables = "[[api.token]]\nname = 'a'\nscope = 'read'\nvalue = 'one'\n\
                  [[api.token]]\nname = 'b'\nscope = 'write'\nvalue = 'two'\n";
    let table = |key: &str| format!("MQTT_PRESENCE_API__TOKEN__0__{key}");
    let (name, scope, value) = (table("NAME"), table("SCOPE"), table("VALUE"));
    let variables = [
        (name.as_str(), "a"),
        (scope.as_str(), "read"),
        (value.as_str(), "one"),
    ];
    let short = [("MQTT_PRESENCE_API__TOKEN", "short")];
    let flag = [("api.token", "short")];
    let (one, two) = (&["short", "one"][..], &["short", "one", "two"][..]);
    let file = "[api]\ntoken = 'short'\n";
    for (text, environment, flags, wanted) in [
        (tables, &short[..], &[][..], two),
        (tables, &[], &flag, two),
        (file, &variables, &[], one),
        ("", &[&short[..], &variables].concat(), &[], one),
    ] {
        let config = from(text, environment, flags).unwrap();
        let values = config.api.all_tokens().into_iter();
        let values: Vec<String> = values
            .map(|token| token.value.unwrap().expose().to_owned())
            .collect();
        assert_eq!(values, wanted, "{text}");
        // What is printed is TOML, with all of them in it.
        let shown: toml::Table = config.shown().parse().unwrap();
        let tokens = shown["api"]["token"].as_array().unwrap();
        assert_eq!(tokens.len(), wanted.len(), "{}", config.shown());
    }
    let message = from(
        tables,
        &[("MQTT_PRESENCE_API__TOKEN__1__SCOPE", "all")],
        &[],
    )
    .unwrap_err();
    assert!(
        message.starts_with("MQTT_PRESENCE_API__TOKEN__1__SCOPE: `api.token.1.scope` is `all`"),
        "{message}"
    );
}

/// File, variable or flag, and what the message must say.
#[test]
fn each_fault_names_the_place_the_key_and_what_is_allowed() {
    let cases: &[(&str, &[&str])] = &[
        (
            "[api]\nbnd = 1",
            &["p.toml", "unknown key `api.bnd`", "`bind`", "`token_file`"],
        ),
        ("[apo]\nbind = 1", &["p.toml", "unknown key `apo`", "`api`"]),
        ("api = 1", &["p.toml", "`api` is `1`", "[section]"]),
        (
            "[api]\nrate = 'fast'",
            &[
                "p.toml",
                "`api.rate` is `fast`",
                "wrong type",
                "requests a second",
            ],
        ),
        (
            "[api]\nrate = -1",
            &["p.toml", "`api.rate` is `-1`", "from 0"],
        ),
        ("[api]\nrate = 1.5", &["p.toml", "`api.rate` is `1.5`"]),
        (
            "[api]\nbind = 8787",
            &["p.toml", "`api.bind` is `8787`", "127.0.0.1:8787"],
        ),
        (
            "[api]\nbind = 'localhost'",
            &["p.toml", "`api.bind` is `localhost`", "127.0.0.1:8787"],
        ),
        (
            "[api]\nbody_limit = 5",
            &["p.toml", "`api.body_limit` is `5`", "out of range", "1,024"],
        ),
        (
            "[api]\ncors = ['https://a.example/']",
            &["`api.cors`", "a list", "origins"],
        ),
        (
            "[api]\ncors = 5",
            &["p.toml", "`api.cors` is `5`", "origins"],
        ),
        (
            "[api]\ntimeout = '0s'",
            &["p.toml", "`api.timeout` is `0s`", "longer than 0"],
        ),
        (
            "[api]\ntimeout = 5",
            &["p.toml", "`api.timeout` is `5`", "`30s`"],
        ),
        (
            "[rule]\nretention = '7 dayz'",
            &["p.toml", "`rule.retention` is `7 dayz`", "`7d`"],
        ),
        (
            "[rule]\nclosing = 'all'",
            &["p.toml", "`rule.closing` is `all`", "`any`", "`tcpclean`"],
        ),
        (
            "[rule]\ntakeover = 'maybe'",
            &["p.toml", "`rule.takeover` is `maybe`", "true or false"],
        ),
        (
            "[store]\nkind = 'redis'",
            &["`store.url` is missing", "redis://127.0.0.1:6379"],
        ),
        (
            "[store]\nkind = 'redis'\nurl = 'redis://me:hidden@host'",
            &["`store.url` holds a password", "store.password_file"],
        ),
        (
            "[store]\nkind = 'postgres'\nurl = 'postgres://me:hid/den@host/db'",
            &["`store.url` holds a password", "store.password_file"],
        ),
        (
            "[store]\nkind = 'redis'\nurl = 'redis://me:hid/den@host'",
            &["p.toml", "`store.url` is no address", "without a password"],
        ),
        (
            "[store]\nkind = 'redis'\nurl = 'redis://host'\nprefix = 'a{b}'",
            &["`store.prefix` is `a{b}`", "without braces"],
        ),
        (
            "[store]\nkind = 'etcd'",
            &[
                "p.toml",
                "`store.kind` is `etcd`",
                "`sqlite`, `redis`, `postgres` or `memory`",
            ],
        ),
        (
            "[log]\nlevel = 'loud=very'",
            &["p.toml", "`log.level` is `loud=very`", "`info`"],
        ),
        (
            "[log]\nformat = 'xml'",
            &["p.toml", "`log.format` is `xml`", "`text` or `json`"],
        ),
        (
            "[limits]\ndepth = 0",
            &["p.toml", "`limits.depth` is `0`", "from 1 to 128"],
        ),
        (
            "[store]\ncache_bytes = 5",
            &["p.toml", "`store.cache_bytes` is `5`", "from 1,048,576"],
        ),
        (
            "[[source]]\ntopic = 'x'",
            &["p.toml", "`source.0.kind` is missing", "`remoting`"],
        ),
        (
            "[[source]]\nkind = 'kafka'",
            &["p.toml", "`source.0.kind` is `kafka`", "`remoting`"],
        ),
        (
            "[[source]]\nkind = 'file'",
            &["p.toml", "`source.0.path` is missing", "standard input"],
        ),
        (
            "[[source]]\nkind = 'http'\nport = 1",
            &["p.toml", "unknown key `source.0.port`"],
        ),
        (
            "[[source]]\nkind = 'fleet'\nrate = 0",
            &["p.toml", "`source.0.rate` is `0`", "from 1"],
        ),
        (
            "[[source]]\nkind = 'fleet'\nclients = 'x'",
            &["p.toml", "`source.0.clients` is `x`", "wrong type"],
        ),
        (
            "[[source]]\nkind = 'http'\n[[source]]\nkind = 'http'",
            &["`http`", "give one"],
        ),
        ("[source]\nkind = 'http'", &["p.toml", "`[[source]]`"]),
        ("[api]\nbind = ", &["p.toml", "line 2"]),
        (
            "[api]\nbind = '0.0.0.0:1'",
            &["`0.0.0.0:1`", "`api.token_file`", "--allow-anonymous"],
        ),
        (
            "[api]\ntoken_file = '/no/such/file'",
            &["`api.token_file`", "`/no/such/file` cannot be read"],
        ),
    ];
    for (text, parts) in cases {
        let message = from(text, &[], &[]).expect_err(text);
        for part in *parts {
            assert!(message.contains(part), "{text}\n{message}\nlacks {part}");
        }
        for word in ["u32", "usize", "struct", "SocketAddr", "expected"] {
            assert!(
                !message.contains(word) || text.ends_with("= "),
                "{message} has {word}"
            );
        }
    }
}

#[test]
fn faults_outside_the_file_name_the_variable_or_flag() {
    let message = from("", &[("MQTT_PRESENCE_API__RATE", "x")], &[]).unwrap_err();
    assert!(
        message.starts_with("MQTT_PRESENCE_API__RATE: `api.rate` is `x`"),
        "{message}"
    );
    let message = from("", &[("MQTT_PRESENCE_API_BIND", "x")], &[]).unwrap_err();
    assert!(message.contains("MQTT_PRESENCE_API__BIND"), "{message}");
    let message = from("", &[("MQTT_PRESENCE_SOURCE__FIRST__KIND", "http")], &[]).unwrap_err();
    assert!(message.contains("`source.first`"), "{message}");
    let message = from("", &[], &[("api.rate", "x")]).unwrap_err();
    assert!(
        message.starts_with("--set api.rate: `api.rate` is `x`"),
        "{message}"
    );
    let input = Input {
        file: Some("no-such.toml".into()),
        ..Input::default()
    };
    let message = load(&input).unwrap_err().to_string();
    assert!(
        message.contains("`no-such.toml`: there is no such file"),
        "{message}"
    );
}

#[test]
fn no_message_and_no_printed_form_shows_a_secret() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("token");
    std::fs::write(&file, "hush-file\n").unwrap();
    for text in [
        "[api]\ntoken = 'hush",
        "[api]\ntoken = 'hush hush'",
        "[api]\ntoken = 7263",
        "[api]\ntoken = ['hush']",
        "[store]\nurl = 'postgres://me:hush/hush@h/d'",
        "[store]\nurl = 'redis://me:hush/hush@h'",
    ] {
        let message = from(text, &[], &[]).expect_err(text);
        assert!(
            !message.contains("hush") && !message.contains("7263"),
            "{message}"
        );
    }
    let both = format!("[api]\ntoken = 'hush'\ntoken_file = '{}'", file.display());
    assert!(from(&both, &[], &[]).unwrap_err().contains("give one"));

    let config = from(
        &format!("[api]\ntoken_file = '{}'", file.display()),
        &[],
        &[],
    )
    .unwrap();
    let tokens = config.api.all_tokens();
    assert_eq!(tokens[0].read().unwrap()[0].expose(), "hush-file");
    assert!(!format!("{config:?}{}", config.shown()).contains("hush"));
    let config = from("[api]\ntoken = 'hush'", &[], &[]).unwrap();
    assert!(!format!("{config:?}{}", config.shown()).contains("hush"));
    assert!(config.shown().contains("token = \"[redacted]\""));
    assert!(Path::new(&file).exists());
}

#[cfg(feature = "grpc")]
#[test]
fn a_fault_of_a_proxy_is_found_at_the_start() {
    let good = "[[source]]\nkind = 'grpc'\nendpoint = 'h:1'\ntopic = 't'\ngroup = 'g'\n";
    from(good, &[], &[]).unwrap();
    for (text, part) in [
        (good.replace("h:1", "h"), "`endpoint` is `h`"),
        (format!("{good}tls = true\n"), "`tls = true`"),
        (format!("{good}access_key = 'a'\n"), "without `secret_key`"),
    ] {
        let message = from(&text, &[], &[]).unwrap_err();
        assert!(
            message.starts_with("`source.0`: ") && message.contains(part),
            "{message}"
        );
    }
}

#[cfg(feature = "remoting")]
#[test]
fn a_secret_key_comes_from_a_file_or_the_environment() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("key");
    std::fs::write(&file, "hush\n").unwrap();
    let text = "[[source]]\nkind = 'remoting'\nnamesrv = 'h:1'\ntopic = 't'\ngroup = 'g'\naccess_key = 'ak-hush'\n";
    let with_file = format!("{text}secret_key_file = '{}'\n", file.display());
    for config in [
        from(&with_file, &[], &[]).unwrap(),
        from(
            text,
            &[("MQTT_PRESENCE_SOURCE__0__SECRET_KEY", "hush")],
            &[],
        )
        .unwrap(),
    ] {
        assert!(!config.shown().contains("hush"), "{}", config.shown());
        assert!(!format!("{config:?}").contains("\"hush\""));
    }
}

#[test]
fn a_sink_says_what_is_wrong_with_it() {
    let good =
        "[[sink]]\nkind = 'webhook'\nname = 'a'\nurl = 'https://h.example/x'\nsecret = 's3cret'\n";
    let config = from(good, &[("MQTT_PRESENCE_SINK__0__BATCH", "7")], &[]).unwrap();
    assert_eq!(config.sink[0].batch, 7);
    assert!(!config.shown().contains("s3cret") && config.shown().contains("h.example"));
    for (text, words) in [
        ("[sink]\nkind = 'webhook'\n", "write `[[sink]]`"),
        ("[[sink]]\nname = 'a'\n", "sink.0.kind"),
        (
            "[[sink]]\nkind = 'mail'\nname = 'a'\n",
            "`webhook` or `rocketmq`",
        ),
        (
            "[[sink]]\nkind = 'webhook'\nurl = 'http://h'\nsecret = 's'\n",
            "sink.0.name",
        ),
        (
            "[[sink]]\nkind = 'webhook'\nname = 'a'\nurl = 'http://h'\n",
            "sink.0.secret_file",
        ),
        (&good.replace("'a'", "'a/b'"), "letters, digits"),
        (&good.replace("https:", "ftp:"), "the receiver, such as"),
        (
            &good.replace("h.example", "me:pw@h.example"),
            "checks the signature",
        ),
        (&format!("{good}batch = 0\n"), "1 to 1,000"),
        (&format!("{good}timeout = '1h'\n"), "`1s` to `5m`"),
        (&format!("{good}settle = '2h'\n"), "at most `1h`"),
        (&format!("{good}secret_file = 'x'\n"), "give one"),
        (&format!("{good}colour = 'red'\n"), "sink.0.colour"),
        (&format!("{good}{good}"), "two sinks are called `a`"),
    ] {
        let error = from(text, &[], &[]).unwrap_err();
        assert!(error.contains(words), "`{error}` lacks `{words}`");
        assert!(!error.contains("me:pw"), "{error}");
    }
}
