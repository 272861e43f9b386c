//! One TCP connection: three slots, and what they say.

use serde::{Deserialize, Serialize};

use super::{ChannelState, Closing, Options};
use crate::event::Kind;

/// What one event said of one channel. Facts are ordered by time, then
/// clientIp (absent first), then origin; the smaller one stays.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Fact {
    /// Event time in milliseconds since 1970.
    pub time: u64,
    /// `ip:port`, if the event had one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// Where it came from: a RocketMQ message id, or a file and record.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub origin: String,
}

/// One TCP connection. It only ever grows until it is forgotten whole.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Channel {
    /// The fact that it began.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub connect: Option<Fact>,
    /// The fact that the client sent DISCONNECT.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub disconnect: Option<Fact>,
    /// The fact that the TCP connection ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tcpclean: Option<Fact>,
    /// The largest clock of the caller at which a `disconnect` or `tcpclean`
    /// was applied, repeats included; retention runs from here. Under every
    /// policy both kinds count, because a lone `disconnect` is an orphan that
    /// must go one day, and so that the value is a join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed_at: Option<u64>,
    /// The latest time of a list of connections that had it; `lease` counts
    /// from here. The largest stays, so the value is a join.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub confirmed: Option<u64>,
}

impl Channel {
    /// The fact in the slot of this kind.
    pub fn slot(&self, kind: Kind) -> Option<&Fact> {
        match kind {
            Kind::Connect => self.connect.as_ref(),
            Kind::Disconnect => self.disconnect.as_ref(),
            Kind::Tcpclean => self.tcpclean.as_ref(),
        }
    }

    /// The earliest fact that closes the channel under the policy;
    /// `disconnect` goes first where the times are equal.
    pub fn closing(&self, policy: Closing) -> Option<(Kind, &Fact)> {
        let tcpclean = self.tcpclean.as_ref().map(|fact| (Kind::Tcpclean, fact));
        let disconnect = match policy {
            Closing::Any => self
                .disconnect
                .as_ref()
                .map(|fact| (Kind::Disconnect, fact)),
            Closing::Tcpclean => None,
        };
        disconnect
            .into_iter()
            .chain(tcpclean)
            .min_by_key(|(_, fact)| fact.time)
    }

    /// Whether it has `connect` and is not closed: live, but for `takeover` and `lease`.
    pub fn is_open(&self, policy: Closing) -> bool {
        self.connect.is_some() && self.closing(policy).is_none()
    }

    /// What the channel is at `now`. `channel_id` is its own, and
    /// `newest_connect` its client's ([`Client::newest_connect`]), which only
    /// matters under `takeover`.
    ///
    /// A superseded channel is never suspect: that it is dead is known.
    ///
    /// [`Client::newest_connect`]: super::Client::newest_connect
    pub fn state(
        &self,
        channel_id: &str,
        newest_connect: Option<(u64, &str)>,
        options: &Options,
        now: u64,
    ) -> ChannelState {
        ChannelState::of(
            self.connect.as_ref().map(|fact| fact.time),
            self.confirmed,
            self.closing(options.closing).is_some(),
            channel_id,
            newest_connect,
            options,
            now,
        )
    }

    /// Joins a fact into its slot; true when it was taken.
    pub(super) fn join(
        &mut self,
        kind: Kind,
        time: u64,
        client_ip: Option<&str>,
        origin: &str,
    ) -> bool {
        let slot = self.slot_mut(kind);
        if let Some(kept) = slot {
            let kept = (kept.time, kept.client_ip.as_deref(), kept.origin.as_str());
            if kept <= (time, client_ip, origin) {
                return false;
            }
        }
        *slot = Some(Fact {
            time,
            client_ip: client_ip.map(str::to_owned),
            origin: origin.to_owned(),
        });
        true
    }

    /// Notes that a closing fact was applied at `now`; true when that is news.
    pub(super) fn note_closing(&mut self, now: u64) -> bool {
        let news = self.closed_at < Some(now);
        self.closed_at = self.closed_at.max(Some(now));
        news
    }

    /// Notes that a list of this time had the channel; true when that is news.
    pub(super) fn confirm(&mut self, as_of: u64) -> bool {
        let news = self.confirmed < Some(as_of);
        self.confirmed = self.confirmed.max(Some(as_of));
        news
    }

    fn slot_mut(&mut self, kind: Kind) -> &mut Option<Fact> {
        match kind {
            Kind::Connect => &mut self.connect,
            Kind::Disconnect => &mut self.disconnect,
            Kind::Tcpclean => &mut self.tcpclean,
        }
    }
}
