//! The sentences that explain an answer, and the JSON around them.
#![allow(clippy::unwrap_used)]

use mqtt_presence_core::event::{Event, Kind};
use mqtt_presence_core::presence::{ChannelAnswer, Closing, Explain, Options, Presence};

use Kind::{Connect, Disconnect, Tcpclean};

const NOW: u64 = 5000;

fn explain(options: Options, events: &[(Kind, &str, u64)]) -> Explain {
    let mut presence = Presence::new(options);
    for (kind, channel, time) in events {
        let event = Event {
            client_id: "c".to_owned(),
            channel_id: (*channel).to_owned(),
            kind: *kind,
            time: *time,
            client_ip: None,
            extra: None,
        };
        presence.apply(&event, "m1", None, NOW);
    }
    presence.explain("c", NOW)
}

#[track_caller]
fn check(explain: &Explain, reason: &str, channels: &[&str]) {
    assert_eq!(explain.reason, reason);
    let reasons: Vec<_> = explain.channels.iter().map(|c| c.reason.as_str()).collect();
    assert_eq!(reasons, channels);
}

fn tcpclean() -> Options {
    Options {
        closing: Closing::Tcpclean,
        ..Options::default()
    }
}

fn takeover() -> Options {
    Options {
        takeover: true,
        ..Options::default()
    }
}

fn lease() -> Options {
    Options {
        lease: Some(1000),
        ..Options::default()
    }
}

#[test]
fn unknown() {
    check(
        &explain(Options::default(), &[]),
        "unknown: no event of this client has arrived",
        &[],
    );
}

#[test]
fn online() {
    check(
        &explain(
            Options::default(),
            &[(Connect, "a", 100), (Connect, "b", 50)],
        ),
        "online: channel `a` connected at 100 and no closing event of it has arrived",
        &[
            "live: connected at 100 and no closing event of it has arrived",
            "live: connected at 50 and no closing event of it has arrived",
        ],
    );
}

#[test]
fn offline_after_closed_channels() {
    check(
        &explain(
            Options::default(),
            &[
                (Connect, "a", 100),
                (Tcpclean, "a", 201),
                (Disconnect, "a", 200),
                (Connect, "b", 50),
                (Tcpclean, "b", 60),
                (Tcpclean, "late", 900),
            ],
        ),
        "offline: no channel is live; the last to end was `a`, closed by disconnect at 200",
        &[
            "closed: connected at 100, closed by disconnect at 200",
            "closed: connected at 50, closed by tcpclean at 60",
            "orphan: its tcpclean at 900 has arrived, its connect has not",
        ],
    );
}

#[test]
fn offline_with_orphans_only() {
    check(
        &explain(tcpclean(), &[(Disconnect, "a", 100)]),
        "offline: no connect has arrived for any channel that is kept, only such as the \
         disconnect of channel `a` at 100",
        &["orphan: its disconnect at 100 has arrived, its connect has not"],
    );
}

#[test]
fn offline_after_forgetting() {
    let options = Options {
        retention: 10,
        ..Options::default()
    };
    let mut presence = Presence::new(options);
    let event = Event {
        client_id: "c".to_owned(),
        channel_id: "a".to_owned(),
        kind: Tcpclean,
        time: 5,
        client_ip: None,
        extra: None,
    };
    presence.apply(&event, "", None, 100);
    assert_eq!(presence.forget(111), 1);
    check(
        &presence.explain("c", 111),
        "offline: every channel it had has ended and was forgotten",
        &[],
    );
}

#[test]
fn takeover_says_that_it_changed_the_answer() {
    check(
        &explain(
            takeover(),
            &[
                (Connect, "a", 100),
                (Connect, "b", 200),
                (Tcpclean, "b", 300),
            ],
        ),
        "offline: channel `a` connected at 100 and no closing event of it has arrived, but with \
         option `takeover` it gave way to channel `b`, which connected at 200; without option \
         `takeover` it would read online",
        &[
            "superseded: connected at 100 and no closing event of it has arrived, but with option \
             `takeover` it gave way to channel `b`, which connected at 200",
            "closed: connected at 200, closed by tcpclean at 300",
        ],
    );
}

#[test]
fn takeover_is_silent_where_it_changed_nothing() {
    check(
        &explain(takeover(), &[(Connect, "a", 100)]),
        "online: channel `a` connected at 100 and no closing event of it has arrived",
        &["live: connected at 100 and no closing event of it has arrived"],
    );
}

#[test]
fn closing_says_that_it_changed_the_answer() {
    check(
        &explain(tcpclean(), &[(Connect, "a", 100), (Disconnect, "a", 200)]),
        "online: channel `a` connected at 100 and no tcpclean of it has arrived (with option \
         `closing` = `tcpclean` its disconnect at 200 does not close it); without option \
         `closing` it would read offline",
        &[
            "live: connected at 100 and no tcpclean of it has arrived (with option `closing` = \
           `tcpclean` its disconnect at 200 does not close it)",
        ],
    );
}

#[test]
fn lease_says_that_it_changed_the_answer() {
    check(
        &explain(lease(), &[(Connect, "a", 100)]),
        "suspect: channel `a` connected at 100 and no closing event of it has arrived, for longer \
         than the 1000 ms of option `lease`; without option `lease` it would read online",
        &[
            "suspect: connected at 100 and no closing event of it has arrived, for longer than \
           the 1000 ms of option `lease`",
        ],
    );
}

#[test]
fn an_id_cannot_break_the_sentence() {
    let explain = explain(Options::default(), &[(Connect, "a`\nb", 100)]);
    assert_eq!(
        explain.reason,
        r"online: channel `a\u{60}\u{a}b` connected at 100 and no closing event of it has arrived"
    );
}

#[test]
fn the_json_has_every_key_in_order() {
    let explain = explain(Options::default(), &[(Connect, "a", 100)]);
    assert_eq!(
        serde_json::to_string(&explain).unwrap(),
        concat!(
            r#"{"clientId":"c","online":true,"status":"online","since":100,"#,
            r#""channels":[{"channelId":"a","state":"live","#,
            r#""connect":{"time":100,"clientIp":null,"origin":"m1"},"#,
            r#""disconnect":null,"tcpclean":null,"#,
            r#""reason":"live: connected at 100 and no closing event of it has arrived"}],"#,
            r#""reason":"online: channel `a` connected at 100 and no closing event of it has arrived"}"#,
        )
    );
}

#[test]
fn a_channel_answer_has_every_key_in_order() {
    let mut presence = Presence::new(Options::default());
    let event = Event {
        client_id: "c".to_owned(),
        channel_id: "a".to_owned(),
        kind: Tcpclean,
        time: 5,
        client_ip: Some("10.0.0.1:1".to_owned()),
        extra: None,
    };
    presence.apply(&event, "m1", None, NOW);
    let client = presence.client("c").unwrap();
    let answers: Vec<ChannelAnswer> = client.channel_answers(presence.options(), NOW);
    assert_eq!(
        serde_json::to_string(&answers).unwrap(),
        concat!(
            r#"[{"channelId":"a","state":"orphan","connect":null,"disconnect":null,"#,
            r#""tcpclean":{"time":5,"clientIp":"10.0.0.1:1"}}]"#,
        )
    );
}
