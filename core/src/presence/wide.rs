//! The facts of a channel that do not fit into its row.

use std::sync::Arc;

use super::Fact;
use crate::event::Kind;

/// Three slots, as of [`Channel`](super::Channel), its `closed_at` and `confirmed`.
#[derive(Clone, Debug, Default)]
pub(super) struct Wide {
    slots: [Option<Kept>; 3],
    pub closed_at: Option<u64>,
    pub confirmed: Option<u64>,
}

/// A fact whose texts may be those of another fact of the channel, as they
/// mostly are.
#[derive(Clone, Debug)]
struct Kept {
    time: u64,
    client_ip: Option<Arc<str>>,
    /// `None` is empty; thin, because it mostly is.
    origin: Option<Box<Box<str>>>,
}

impl Kept {
    fn order(&self) -> (u64, Option<&str>, &str) {
        let origin = self.origin.as_deref().map_or("", |origin| origin);
        (self.time, self.client_ip.as_deref(), origin)
    }
}

impl Wide {
    /// As [`Channel`](super::Channel)'s own: the smaller fact stays; true when
    /// this one was taken.
    pub fn join(&mut self, kind: Kind, time: u64, client_ip: Option<&str>, origin: &str) -> bool {
        let slot = &self.slots[kind as usize];
        if let Some(kept) = slot
            && kept.order() <= (time, client_ip, origin)
        {
            return false;
        }
        self.slots[kind as usize] = Some(Kept {
            time,
            client_ip: client_ip.map(|ip| self.shared(ip)),
            origin: match origin {
                "" => None,
                _ => Some(Box::new(origin.into())),
            },
        });
        true
    }

    /// This address, once for all facts that have it.
    fn shared(&self, ip: &str) -> Arc<str> {
        let known = self.slots.iter().flatten();
        known
            .filter_map(|kept| kept.client_ip.as_ref())
            .find(|known| ***known == *ip)
            .map_or_else(|| ip.into(), Arc::clone)
    }

    pub fn time(&self, kind: Kind) -> Option<u64> {
        self.slots[kind as usize].as_ref().map(|kept| kept.time)
    }

    pub fn fact(&self, kind: Kind) -> Option<Fact> {
        let (time, client_ip, origin) = self.slots[kind as usize].as_ref()?.order();
        Some(Fact {
            time,
            client_ip: client_ip.map(str::to_owned),
            origin: origin.to_owned(),
        })
    }
}
