//! How the members of a group divide a topic's queues.

use std::sync::Arc;

use cheetah_string::CheetahString;
use rocketmq_client_rust::{AllocateMessageQueueAveragely, AllocateMessageQueueStrategy};
use rocketmq_model::common::message::message_queue::MessageQueue;

use super::watch::Watch;

/// Contiguous shares, as every RocketMQ client takes them by default, but one
/// for each member, however often it is listed.
///
/// A broker that hung reads the heartbeats of connections that were closed
/// meanwhile after it has noticed their end, and lists those for two minutes:
/// the same client several times. Shares for all of them would leave queues
/// that nobody reads.
pub(super) struct Shares {
    pub(super) watch: Arc<Watch>,
}

impl AllocateMessageQueueStrategy for Shares {
    fn allocate(
        &self,
        group: &CheetahString,
        me: &CheetahString,
        queues: &[MessageQueue],
        listed: &[CheetahString],
    ) -> rocketmq_error::Result<Vec<MessageQueue>> {
        let mut members = listed.to_vec();
        members.sort();
        members.dedup();
        let share = AllocateMessageQueueAveragely.allocate(group, me, queues, &members)?;
        // The group's retry topic is divided in the same way.
        if queues
            .iter()
            .all(|queue| queue.topic_str() == self.watch.topic())
        {
            self.watch
                .share(members.contains(me).then_some(share.as_slice()));
        }
        Ok(share)
    }

    fn get_name(&self) -> &'static str {
        AllocateMessageQueueAveragely.get_name()
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_member_listed_twice_gets_one_share() {
        let watch = Arc::new(Watch::new("T".into(), "G".into()));
        let shares = Shares { watch };
        let queues: Vec<_> = (0..4)
            .map(|id| MessageQueue::from_parts("T", "broker", id))
            .collect();
        let share = |me: &str, listed: &[&str]| {
            let listed: Vec<CheetahString> = listed.iter().map(|&id| id.into()).collect();
            let share = shares.allocate(&"G".into(), &me.into(), &queues, &listed);
            let share = share.unwrap();
            share.iter().map(MessageQueue::queue_id).collect::<Vec<_>>()
        };
        assert_eq!(share("a", &["a", "a", "a"]), [0, 1, 2, 3]);
        assert_eq!(share("a", &["a", "b", "a"]), [0, 1]);
        assert_eq!(share("b", &["a", "b", "a"]), [2, 3]);
        assert_eq!(share("c", &["a", "b"]), [0; 0]);
    }
}
