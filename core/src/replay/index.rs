//! Orders over the columns: clients and channels by id, events by client.

use super::columns::Columns;

/// Built once, when the first question is asked.
#[derive(Debug)]
pub(super) struct Index {
    /// Clients in byte order of their ids.
    pub clients: Vec<u32>,
    channels: Groups,
    events: Groups,
}

impl Index {
    pub fn new(columns: &Columns) -> Index {
        let clients = columns.clients.len();
        let mut by_id: Vec<u32> = (0..clients as u32).collect();
        columns.clients.sort(&mut by_id);
        let all = columns.channels.len() as u32;
        let mut channels = Groups::new(clients, all, |channel| columns.channels.scope(channel));
        for client in 0..clients {
            columns.channels.sort(channels.of_mut(client));
        }
        let events = Groups::new(clients, columns.len(), |event| columns.client(event));
        Index {
            clients: by_id,
            channels,
            events,
        }
    }

    /// The client's channels in byte order of their ids.
    pub fn channels(&self, client: u32) -> &[u32] {
        self.channels.of(client)
    }

    /// The client's events in arrival order.
    pub fn events(&self, client: u32) -> &[u32] {
        self.events.of(client)
    }
}

/// Numbers put together by group, in their own order within each.
#[derive(Debug)]
struct Groups {
    starts: Vec<u32>,
    members: Vec<u32>,
}

impl Groups {
    /// Counting sort of `0..members` by their group.
    fn new(groups: usize, members: u32, group: impl Fn(u32) -> u32) -> Groups {
        let mut starts = vec![0; groups + 1];
        for member in 0..members {
            starts[group(member) as usize + 1] += 1;
        }
        for at in 1..starts.len() {
            starts[at] += starts[at - 1];
        }
        let mut next = starts.clone();
        let mut sorted = vec![0; members as usize];
        for member in 0..members {
            let place = &mut next[group(member) as usize];
            sorted[*place as usize] = member;
            *place += 1;
        }
        Groups {
            starts,
            members: sorted,
        }
    }

    fn of(&self, group: u32) -> &[u32] {
        let group = group as usize;
        &self.members[self.starts[group] as usize..self.starts[group + 1] as usize]
    }

    fn of_mut(&mut self, group: usize) -> &mut [u32] {
        &mut self.members[self.starts[group] as usize..self.starts[group + 1] as usize]
    }
}
