//! What each key takes, for error messages; one line a key.

/// Key and what it takes; `source.kind.key` for the keys of a source.
pub const ALLOWED: &[(&str, &str)] = &[
    (
        "rule.closing",
        "`any` (disconnect or tcpclean ends a channel) or `tcpclean` (that alone)",
    ),
    ("rule.takeover", "true or false"),
    ("rule.lease", "a duration such as `12h`, longer than 0"),
    ("rule.retention", "a duration such as `7d`, longer than 0"),
    ("store.kind", "`sqlite`, `redis`, `postgres` or `memory`"),
    (
        "store.path",
        "the path of a file, such as `mqtt-presence.db`",
    ),
    (
        "store.url",
        "the server without a password, such as `redis://127.0.0.1:6379` or `postgres://presence@db.internal/presence`",
    ),
    (
        "store.password",
        "a string; better `store.password_file` or the environment",
    ),
    (
        "store.password_file",
        "the path of a file that holds the password",
    ),
    (
        "store.tls_ca",
        "the path of a PEM file with certificates to trust",
    ),
    (
        "store.prefix",
        "1 to 100 visible ASCII characters without braces",
    ),
    ("store.cluster", "true or false"),
    (
        "store.schema",
        "at most 63 of a-z, 0-9 and `_`, no digit first, such as `mqtt_presence`",
    ),
    ("store.history", "a duration such as `30d`, longer than 0"),
    ("store.history_rows", "a whole number from 1"),
    ("store.quarantine_rows", "a whole number from 1"),
    ("store.quarantine_bytes", "a whole number of bytes from 1"),
    (
        "store.cache_bytes",
        "a whole number of bytes from 1,048,576",
    ),
    (
        "api.bind",
        "an address and a port such as `127.0.0.1:8787` or `[::1]:8787`; port 0 takes a free one",
    ),
    (
        "api.token",
        "a string of visible ASCII characters without spaces, or `[[api.token]]` tables",
    ),
    ("api.token_file", "the path of a file with one token a line"),
    (
        "api.token.name",
        "a name for the log, another one for each token, such as `grafana`",
    ),
    (
        "api.token.scope",
        "`read` (every answer) or `write` (also events, lists and retries)",
    ),
    ("api.token.file", "the path of a file with one token a line"),
    (
        "api.token.value",
        "a string; better `file` or the environment",
    ),
    (
        "api.tls",
        "a table, `{ cert = \"cert.pem\", key = \"key.pem\" }`",
    ),
    (
        "api.tls.cert",
        "the path of a PEM file with the certificate and those between it and its authority",
    ),
    (
        "api.tls.key",
        "the path of a PEM file with the certificate's key",
    ),
    (
        "api.tls.client_ca",
        "the path of a PEM file with the authorities of clients that may connect",
    ),
    ("api.allow_anonymous", "true or false"),
    (
        "api.cors",
        "a list of origins such as `[\"https://ops.example.com\"]`",
    ),
    (
        "api.hosts",
        "a list of host names such as `[\"presence.internal\"]`",
    ),
    (
        "api.body_limit",
        "a whole number of bytes from 1,024 to 1,073,741,824",
    ),
    (
        "api.rate",
        "a whole number of requests a second from 0 (no limit) to 4,294,967,295",
    ),
    ("api.timeout", "a duration such as `30s`, longer than 0"),
    ("api.max_streams", "a whole number from 1 to 100,000"),
    ("api.max_connections", "a whole number from 1 to 100,000"),
    (
        "api.header_timeout",
        "a duration such as `10s`, longer than 0",
    ),
    (
        "api.body_timeout",
        "a duration such as `20s`, longer than 0",
    ),
    (
        "api.write_timeout",
        "a duration such as `60s`, longer than 0",
    ),
    (
        "limits.record",
        "a whole number of bytes from 64 to 16,777,216",
    ),
    ("limits.depth", "a whole number from 1 to 128"),
    (
        "log.level",
        "`error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,mqtt_presence=debug`",
    ),
    ("log.format", "`text` or `json`"),
    ("shutdown.notice", "a duration such as `5s`, or `0s`"),
    ("shutdown.deadline", "a duration such as `10s`"),
    (
        "source.kind",
        "`remoting`, `grpc`, `http`, `file` or `fleet`",
    ),
    (
        "source.namesrv",
        "one or more NameServers as `host:port;host:port`, or a list of them",
    ),
    (
        "source.topic",
        "the name of the topic that the MQTT service writes to",
    ),
    (
        "source.group",
        "the name of the consumer group, such as `GID_presence`",
    ),
    (
        "source.namespace",
        "the instance id of a hosted RocketMQ, such as `MQ_INST_…`",
    ),
    ("source.access_key", "a string"),
    (
        "source.secret_key",
        "a string; better `secret_key_file` or the environment",
    ),
    (
        "source.secret_key_file",
        "the path of a file that holds the secret key",
    ),
    (
        "source.tls",
        "for `remoting` a table, `{}` or `{ ca_file = \"ca.pem\" }`; for `grpc` only false",
    ),
    (
        "source.tls.ca_file",
        "the path of a PEM file with the certificate authority",
    ),
    (
        "source.tags",
        "message tags with `||` between them, such as `connect||tcpclean`",
    ),
    (
        "source.from",
        "where a new group begins: `first` (the oldest message) or `last`",
    ),
    ("source.trace", "true or false"),
    (
        "source.invisible_seconds",
        "a whole number of seconds from 10 to 43,200",
    ),
    ("source.endpoint", "the proxy as `host:port`"),
    (
        "source.path",
        "the path of a file or folder, or `-` for standard input",
    ),
    (
        "source.follow",
        "true (go on as the file or folder grows) or false (end after the last record)",
    ),
    ("source.clients", "a whole number from 1 to 10,000,000"),
    (
        "source.rate",
        "a whole number of events a second from 1 to 1,000,000",
    ),
    ("source.seed", "a whole number from 0"),
    ("sink.kind", "`webhook` or `rocketmq`"),
    (
        "sink.name",
        "1 to 64 letters, digits, `-` and `_`, such as `crm`",
    ),
    (
        "sink.prefix",
        "what client ids begin with, such as `GID_x@@@`",
    ),
    ("sink.settle", "a duration such as `5s`, at most `1h`"),
    ("sink.batch", "a whole number from 1 to 1,000"),
    ("sink.timeout", "a duration from `1s` to `5m`"),
    (
        "sink.give_up_after",
        "a duration such as `1h`, longer than 0",
    ),
    (
        "sink.from",
        "where a new sink begins: `first` (the oldest transition that is kept) or `last`",
    ),
    (
        "sink.url",
        "the receiver, such as `https://crm.example.com/presence`",
    ),
    (
        "sink.secret",
        "a string; better `secret_file` or the environment",
    ),
    (
        "sink.secret_file",
        "the path of a file that holds the secret",
    ),
    (
        "sink.tls_ca",
        "the path of a PEM file with certificates to trust",
    ),
    (
        "sink.namesrv",
        "one or more NameServers as `host:port;host:port`, or a list of them",
    ),
    ("sink.topic", "the name of the topic to write to"),
    (
        "sink.group",
        "the name of the producer's group, such as `GID_presence`",
    ),
];

/// What the key takes; `source.3.topic` is looked up as `source.topic`.
pub fn allowed(key: &str) -> Option<&'static str> {
    let plain: Vec<&str> = key
        .split('.')
        .filter(|part| part.parse::<usize>().is_err())
        .collect();
    let plain = plain.join(".");
    ALLOWED
        .iter()
        .find(|(name, _)| *name == plain)
        .map(|(_, takes)| *takes)
}

/// Whether the value of this key must not be shown.
pub fn is_secret(key: &str) -> bool {
    // `api.token.0` is an item of what would be a secret.
    let mut names = key
        .rsplit('.')
        .filter(|part| part.parse::<usize>().is_err());
    matches!(
        names.next(),
        Some("token" | "value" | "secret" | "secret_key" | "access_key" | "password")
    )
}
