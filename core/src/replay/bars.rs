//! A client's channels as bars on the line of event time.

use super::Replay;
use super::answer::States;
use super::places::by_key;
use super::scene::Order;
use crate::presence::ChannelState;

/// Channel bars of several clients, one column a field.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Bars<'a> {
    /// Index of the first bar of each client, and one past the last.
    pub first: Vec<u32>,
    /// Ids of the channels.
    pub ids: Vec<&'a str>,
    /// When they connected, in milliseconds since 1970; `None` where no event says.
    pub start: Vec<Option<u64>>,
    /// When they closed; `None` where no event says.
    pub end: Vec<Option<u64>>,
    /// What they are in the end.
    pub state: Vec<ChannelState>,
}

impl Replay {
    /// The channels of these clients that meet a range of event time, by
    /// connect time; those whose connect never came by their closing.
    pub fn bars(&self, clients: &[u32], from: f64, to: f64) -> Bars<'_> {
        let mut bars = Bars {
            first: vec![0],
            ..Bars::default()
        };
        let mut states = States::default();
        for client in clients {
            if (*client as usize) < self.columns.clients.len() {
                self.bars_of(*client, &mut states, (from, to), &mut bars);
            }
            bars.first.push(bars.ids.len() as u32);
        }
        bars
    }

    fn bars_of<'a>(
        &'a self,
        client: u32,
        states: &mut States,
        (from, to): (f64, f64),
        bars: &mut Bars<'a>,
    ) {
        let columns = &self.columns;
        let scene = self.scene(client, columns.len());
        let mut facts = scene.channels.clone();
        Order::ById.sort(columns, &mut facts);
        states.derive(self, facts.iter().map(|facts| (facts.channel, facts.slots)));
        let of_client: Vec<_> = facts
            .iter()
            .zip(&states.channels)
            .map(|(facts, (channel, _, state))| {
                let time = |event: u32| columns.time(event);
                let start = facts.connect().map(time);
                let end = facts.closing.map(time);
                (start, end, *channel, *state)
            })
            .filter(|(start, end, ..)| {
                start.is_none_or(|start| start as f64 <= to)
                    && end.is_none_or(|end| end as f64 >= from)
            })
            .collect();
        // Places stand for ids.
        let times = of_client.iter().map(|(start, end, ..)| start.or(*end));
        for place in by_key(times.map(Option::unwrap_or_default)) {
            let (start, end, channel, state) = of_client[place];
            bars.ids.push(columns.channels.text(channel));
            bars.start.push(start);
            bars.end.push(end);
            bars.state.push(state);
        }
    }
}
