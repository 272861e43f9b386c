//! The sentences of an explanation: the word for the state, a colon, and why.

use std::fmt::Write;

use super::quote::Quoted;
use super::{Channel, ChannelState, Client, Closing, Fact, Options, Status};

/// Why a channel is in this state. `newest` is the client's newest connect.
pub(super) fn of_channel(
    channel: &Channel,
    state: ChannelState,
    newest: Option<(u64, &str)>,
    options: &Options,
) -> String {
    let mut text = format!("{state}: ");
    match (&channel.connect, channel.closing(options.closing)) {
        (Some(connect), None) => {
            stays_open(&mut text, channel, connect, options);
            match state {
                ChannelState::Superseded => superseded(&mut text, newest),
                ChannelState::Suspect => overdue(&mut text, options),
                _ => {}
            }
        }
        (Some(connect), Some((kind, fact))) => say(
            &mut text,
            format_args!(
                "connected at {}, closed by {kind} at {}",
                connect.time, fact.time
            ),
        ),
        (None, _) => match channel.closing(Closing::Any) {
            Some((kind, fact)) => say(
                &mut text,
                format_args!(
                    "its {kind} at {} has arrived, its connect has not",
                    fact.time
                ),
            ),
            None => text.push_str("nothing of it has arrived"),
        },
    }
    text
}

/// Why a client reads as it does.
pub(super) fn of_client(client: &Client, status: Status, options: &Options, now: u64) -> String {
    let mut text = format!("{status}: ");
    match status {
        Status::Online => {
            carried_by(&mut text, client, ChannelState::Live, options, now);
        }
        Status::Suspect => {
            carried_by(&mut text, client, ChannelState::Suspect, options, now);
            overdue(&mut text, options);
        }
        Status::Offline | Status::Unknown => offline(&mut text, client, options, now),
    }
    changed_by(&mut text, client, status, options, now);
    text
}

/// Speaks of the newest channel in this state; false if there is none.
fn carried_by(
    text: &mut String,
    client: &Client,
    state: ChannelState,
    options: &Options,
    now: u64,
) -> bool {
    let newest = client
        .states(options, now)
        .filter(|(_, _, found)| *found == state)
        .filter_map(|(id, channel, _)| Some((channel.connect.as_ref()?, id, channel)))
        .max_by_key(|(connect, id, _)| (connect.time, *id));
    let Some((connect, id, channel)) = newest else {
        return false;
    };
    say(text, format_args!("channel {} ", Quoted(id)));
    stays_open(text, channel, connect, options);
    true
}

fn offline(text: &mut String, client: &Client, options: &Options, now: u64) {
    if carried_by(text, client, ChannelState::Superseded, options, now) {
        superseded(text, client.newest_connect());
    } else if let Some((time, id, kind)) = client.ends(options, |channel| channel.connect.is_some())
    {
        say(
            text,
            format_args!(
                "no channel is live; the last to end was {}, closed by {kind} at {time}",
                Quoted(id)
            ),
        );
    } else if let Some((time, id, kind)) = client.ends(&Options::default(), |_| true) {
        say(
            text,
            format_args!(
                "no connect has arrived for any channel that is kept, only such as the {kind} \
                 of channel {} at {time}",
                Quoted(id)
            ),
        );
    } else {
        text.push_str("every channel it had has ended and was forgotten");
    }
}

/// When the channel connected, and what of its closings has not arrived.
fn stays_open(text: &mut String, channel: &Channel, connect: &Fact, options: &Options) {
    say(text, format_args!("connected at {} and no ", connect.time));
    match (options.closing, &channel.disconnect) {
        (Closing::Any, _) => text.push_str("closing event of it has arrived"),
        (Closing::Tcpclean, None) => text.push_str("tcpclean of it has arrived"),
        (Closing::Tcpclean, Some(disconnect)) => say(
            text,
            format_args!(
                "tcpclean of it has arrived (with option `closing` = `tcpclean` its disconnect \
                 at {} does not close it)",
                disconnect.time
            ),
        ),
    }
}

fn superseded(text: &mut String, newest: Option<(u64, &str)>) {
    if let Some((time, id)) = newest {
        say(
            text,
            format_args!(
                ", but with option `takeover` it gave way to channel {}, which connected at {time}",
                Quoted(id)
            ),
        );
    }
}

fn overdue(text: &mut String, options: &Options) {
    if let Some(lease) = options.lease {
        say(
            text,
            format_args!(", for longer than the {lease} ms of option `lease`"),
        );
    }
}

/// Names each option without which the client would read otherwise.
fn changed_by(text: &mut String, client: &Client, status: Status, options: &Options, now: u64) {
    let plain = Options::default();
    let (mut closing, mut takeover, mut lease) =
        (options.clone(), options.clone(), options.clone());
    closing.closing = plain.closing;
    takeover.takeover = plain.takeover;
    lease.lease = plain.lease;
    for (name, without) in [
        ("closing", closing),
        ("takeover", takeover),
        ("lease", lease),
    ] {
        let read = client.status(&without, now);
        if read != status {
            say(
                text,
                format_args!("; without option `{name}` it would read {read}"),
            );
        }
    }
}

fn say(text: &mut String, words: std::fmt::Arguments<'_>) {
    text.write_fmt(words)
        .expect("writing to a string cannot fail");
}
