//! The sentences of an explanation.

use std::fmt::Write;

use super::quote::Quoted;
use super::{Channel, ChannelState, Client, Closing, Fact, Options, Status};
use crate::event::Kind;

/// Why a channel is in this state.
pub(super) fn of_channel(
    channel: &Channel,
    state: ChannelState,
    newest: Option<(u64, &str)>,
    options: &Options,
) -> String {
    let mut text = state.as_str().to_owned();
    // Writing to a string cannot fail.
    let _ = match (state, &channel.connect) {
        (ChannelState::Closed, Some(_)) => match channel.closing(options.closing) {
            Some((kind, fact)) => write!(text, ": closed by {kind} at {}", fact.time),
            None => Ok(()),
        },
        (ChannelState::Superseded, Some(connect)) => {
            open(&mut text, channel, connect, options);
            match newest {
                Some((time, id)) => write!(
                    text,
                    ", but option takeover is on and channel {} connected later, at {time}",
                    Quoted(id)
                ),
                None => Ok(()),
            }
        }
        (ChannelState::Suspect, Some(connect)) => {
            open(&mut text, channel, connect, options);
            lease(&mut text, options);
            Ok(())
        }
        (_, Some(connect)) => {
            open(&mut text, channel, connect, options);
            Ok(())
        }
        (_, None) => match channel.closing(Closing::Any) {
            Some((kind, fact)) => write!(
                text,
                ": {kind} at {} arrived, its connect has not",
                fact.time
            ),
            None => Ok(()),
        },
    };
    text
}

/// Why a client reads as it does.
pub(super) fn of_client(client: &Client, status: Status, options: &Options, now: u64) -> String {
    let mut text = status.as_str().to_owned();
    match status {
        Status::Online => current(&mut text, client, ChannelState::Live, options, now),
        Status::Suspect => {
            current(&mut text, client, ChannelState::Suspect, options, now);
            lease(&mut text, options);
        }
        Status::Offline | Status::Unknown => offline(&mut text, client, options, now),
    }
    changed_by(&mut text, client, status, options, now);
    text
}

/// The newest channel in this state carries the answer.
fn current(text: &mut String, client: &Client, state: ChannelState, options: &Options, now: u64) {
    let carrier = client
        .states(options, now)
        .filter(|(_, _, found)| *found == state)
        .filter_map(|(id, channel, _)| Some((channel.connect.as_ref()?, id, channel)))
        .max_by_key(|(connect, id, _)| (connect.time, *id));
    if let Some((connect, id, channel)) = carrier {
        let _ = write!(text, ": channel {}", Quoted(id));
        of_open(text, channel, connect, options);
    }
}

fn offline(text: &mut String, client: &Client, options: &Options, now: u64) {
    let superseded = client
        .states(options, now)
        .filter(|(_, _, state)| *state == ChannelState::Superseded)
        .filter_map(|(id, channel, _)| Some((channel.connect.as_ref()?, id, channel)))
        .max_by_key(|(connect, id, _)| (connect.time, *id));
    let closed = last_closing(client, options, |channel| channel.connect.is_some());
    let _ = if let Some((connect, id, channel)) = superseded {
        let _ = write!(text, ": channel {}", Quoted(id));
        of_open(text, channel, connect, options);
        match client.newest_connect() {
            Some((time, newest)) => write!(
                text,
                ", but channel {} connected later, at {time}, and is not live",
                Quoted(newest)
            ),
            None => Ok(()),
        }
    } else if let Some((id, kind, fact)) = closed {
        write!(
            text,
            ": no channel is live; the last to end was {}, by {kind} at {}",
            Quoted(id),
            fact.time
        )
    } else if let Some((id, kind, fact)) = last_closing(client, &Options::default(), |channel| {
        channel.connect.is_none()
    }) {
        write!(
            text,
            ": no connect of a channel that is kept has arrived, only {kind} of {} at {}",
            Quoted(id),
            fact.time
        )
    } else {
        write!(text, ": its channels have ended and were forgotten")
    };
}

/// Of the channels asked for, the closing with the latest event time.
fn last_closing<'a>(
    client: &'a Client,
    options: &Options,
    asked: impl Fn(&Channel) -> bool,
) -> Option<(&'a str, Kind, &'a Fact)> {
    client
        .channels
        .iter()
        .filter(|(_, channel)| asked(channel))
        .filter_map(|(id, channel)| {
            let (kind, fact) = channel.closing(options.closing)?;
            Some((id.as_str(), kind, fact))
        })
        .max_by_key(|(id, _, fact)| (fact.time, *id))
}

fn open(text: &mut String, channel: &Channel, connect: &Fact, options: &Options) {
    text.push(':');
    of_open(text, channel, connect, options);
}

/// When it connected, and why it is not closed.
fn of_open(text: &mut String, channel: &Channel, connect: &Fact, options: &Options) {
    let _ = write!(text, " connected at {}", connect.time);
    let _ = match (options.closing, &channel.disconnect) {
        (Closing::Tcpclean, Some(disconnect)) => write!(
            text,
            " and no tcpclean of it has arrived; its disconnect at {} does not close it, \
             because option closing is `tcpclean`",
            disconnect.time
        ),
        (Closing::Tcpclean, None) => write!(text, " and no tcpclean of it has arrived"),
        (Closing::Any, _) => write!(text, " and no closing event of it has arrived"),
    };
}

fn lease(text: &mut String, options: &Options) {
    if let Some(lease) = options.lease {
        let _ = write!(text, ", which is longer ago than the lease of {lease} ms");
    }
}

/// Names each option without which the client would read otherwise.
fn changed_by(text: &mut String, client: &Client, status: Status, options: &Options, now: u64) {
    let plain = Options::default();
    let without = [
        (
            "closing",
            Options {
                closing: plain.closing,
                ..options.clone()
            },
        ),
        (
            "takeover",
            Options {
                takeover: plain.takeover,
                ..options.clone()
            },
        ),
        (
            "lease",
            Options {
                lease: plain.lease,
                ..options.clone()
            },
        ),
    ];
    for (name, other) in &without {
        let read = client.status(other, now);
        if read != status {
            let _ = write!(text, "; without option {name} it would read {read}");
        }
    }
}
