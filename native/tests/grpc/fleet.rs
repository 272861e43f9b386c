//! Notices with a number each, written through the proxy.

use rocketmq::Producer;
use rocketmq::conf::{ClientOption, ProducerOption};
use rocketmq::model::message::MessageBuilder;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;

/// The notice of this number.
pub fn notice(number: usize) -> Vec<u8> {
    let time = 1_700_000_000_000 + number;
    format!(
        r#"{{"clientId":"GID_t@@@{}","channelId":"{number}","eventType":"connect","time":{time}}}"#,
        number % 500
    )
    .into_bytes()
}

/// Sends bodies with the tag `connect`, many side by side, until all are stored.
pub async fn send(endpoint: &str, topic: &str, bodies: impl IntoIterator<Item = Vec<u8>>) {
    let mut client = ClientOption::default();
    client.set_access_url(endpoint);
    send_as(client, topic, bodies).await;
}

/// The same by a client that is told where and with which keys.
pub async fn send_as(client: ClientOption, topic: &str, bodies: impl IntoIterator<Item = Vec<u8>>) {
    let mut option = ProducerOption::default();
    option.set_topics(vec![topic]);
    let mut producer = Producer::new(option, client).unwrap();
    producer.start().await.unwrap();
    let producer = Arc::new(producer);
    let side_by_side = Arc::new(Semaphore::new(128));
    let mut sending = JoinSet::new();
    for body in bodies {
        let permit = side_by_side.clone().acquire_owned().await.unwrap();
        let (producer, topic) = (producer.clone(), topic.to_owned());
        sending.spawn(async move {
            let _permit = permit;
            let build = || {
                MessageBuilder::builder()
                    .set_topic(&topic)
                    .set_tag("connect")
            };
            let message = || build().set_body(body.clone()).build().unwrap();
            // A broker that just started may be busy; twice is no harm.
            for _ in 0..20 {
                if producer.send(message()).await.is_ok() {
                    return;
                }
                tokio::time::sleep(std::time::Duration::from_millis(200)).await;
            }
            panic!("a message could not be sent");
        });
    }
    while let Some(sent) = sending.join_next().await {
        sent.unwrap();
    }
}
