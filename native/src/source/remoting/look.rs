//! A look ahead, for `doctor`: does a name server, over TLS where that is
//! asked for, know the topic? Joins no group and takes no message, so what the
//! keys may read shows only when the service runs.

use std::sync::Arc;

use rocketmq_client_rust::DefaultMQProducer;

use super::client::{Client, hook, settings};
use super::config::Config;
use super::watch::{Verdict, Watch};
use super::{close, sentence};

/// How many queues the topic has, or why nothing would come from it. Blocks
/// for some seconds; not to be called from within a runtime.
pub fn look(config: &Config) -> Result<usize, String> {
    config.check()?;
    let client = Client::new()?;
    let looked = client.block_on(ask(&client, config));
    close(client)?;
    looked
}

async fn ask(client: &Client, config: &Config) -> Result<usize, String> {
    let watch = Arc::new(Watch::new(config.full_topic(), config.group.clone()));
    let mut producer = DefaultMQProducer::builder(client.runtime())
        .client_config(settings(config))
        .producer_group(format!("{}_doctor", config.group))
        .rpc_hook(hook(config, Arc::clone(&watch))?)
        .build();
    producer.start().await.map_err(|error| error.to_string())?;
    let queues = producer.fetch_publish_message_queues(&config.topic).await;
    producer.shutdown().await;
    match queues {
        Ok(queues) => Ok(queues.len()),
        // The client gives one reason for all; the watch knows which it was.
        Err(error) => {
            let why = match watch.verdict() {
                refused @ Verdict::Refused(_) => refused,
                _ => Verdict::NoNameServer,
            };
            sentence(config, why).await?;
            Err(error.to_string())
        }
    }
}
