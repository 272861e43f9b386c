//! Acknowledging a batch with one call, where the library has a call for each
//! message.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use ring::hmac;
use rocketmq::SimpleConsumer;
use rocketmq::model::message::{AckMessageEntry, MessageView};
use secrecy::ExposeSecret;
use tonic::client::Grpc;
use tonic::codec::ProstCodec;
use tonic::metadata::{AsciiMetadataValue, MetadataMap};
use tonic::transport::{Channel, Endpoint};

use super::config::{CALL, Config};
use super::fault::context;
use super::protocol::{self, Entry, Request, Resource, Response};

/// Acknowledges in the name of one consumer.
#[derive(Debug)]
pub(super) struct Acknowledger {
    client_id: String,
    config: Config,
    /// By the addresses that messages came from.
    channels: Mutex<HashMap<String, Channel>>,
}

/// Messages that may come again, and why.
#[derive(Debug)]
pub(super) struct Unacknowledged {
    pub(super) messages: usize,
    pub(super) reason: String,
}

impl Acknowledger {
    /// For a consumer that was not started: only in refusing to receive does
    /// the library tell the id that it has.
    pub(super) async fn new(consumer: &SimpleConsumer, config: &Config) -> Acknowledger {
        let refusal = consumer.receive(&config.topic, &config.filter()).await;
        let client_id = refusal
            .err()
            .map(|error| context(&error, "client_id").to_owned());
        Acknowledger {
            client_id: client_id.unwrap_or_default(),
            config: config.clone(),
            channels: Mutex::default(),
        }
    }

    /// Acknowledges the messages of one receive, which came from one address.
    pub(super) async fn acknowledge(&self, messages: &[MessageView]) -> Result<(), Unacknowledged> {
        let Some(first) = messages.first() else {
            return Ok(());
        };
        let all = |reason| Unacknowledged {
            messages: messages.len(),
            reason,
        };
        let channel = self
            .channel(first.endpoints().endpoint_url())
            .map_err(all)?;
        let answer = self.call(channel, first.topic(), messages).await;
        let answer = answer.map_err(all)?;
        let failed = |status: &Option<protocol::Status>| {
            status.as_ref().is_none_or(|status| !status.is_ok())
        };
        if !failed(&answer.status) {
            return Ok(());
        }
        let of_each = answer.entries.iter().map(|entry| &entry.status);
        let refused = of_each.clone().filter(|status| failed(status)).count();
        let reason = of_each
            .chain([&answer.status])
            .flatten()
            .find(|status| !status.is_ok());
        Err(Unacknowledged {
            // Without entries it is of the whole call.
            messages: if refused == 0 {
                messages.len()
            } else {
                refused
            },
            reason: reason.map_or_else(String::new, |status| status.message.clone()),
        })
    }

    async fn call(
        &self,
        channel: Channel,
        topic: &str,
        messages: &[MessageView],
    ) -> Result<Response, String> {
        let entries = messages.iter().map(|message| Entry {
            message_id: message.message_id().to_owned(),
            receipt_handle: message.receipt_handle(),
        });
        let named = |name: &str| {
            let name = name.to_owned();
            Some(Resource { name })
        };
        let mut request = tonic::Request::new(Request {
            group: named(&self.config.group),
            topic: named(topic),
            entries: entries.collect(),
        });
        request.set_timeout(CALL);
        self.sign(request.metadata_mut());
        let mut grpc = Grpc::new(channel);
        grpc.ready().await.map_err(|error| error.to_string())?;
        let answer = grpc
            .unary(request, protocol::path(), ProstCodec::default())
            .await;
        answer
            .map(tonic::Response::into_inner)
            .map_err(|status| status.to_string())
    }

    /// Connects when it is first used, and again after a fault.
    fn channel(&self, addresses: &str) -> Result<Channel, String> {
        let mut channels = self.channels.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(channel) = channels.get(addresses) {
            return Ok(channel.clone());
        }
        let endpoints: Result<Vec<Endpoint>, _> = addresses
            .split([',', ';'])
            .map(|address| {
                let endpoint = Endpoint::from_shared(format!("http://{address}"))?;
                Ok(endpoint.connect_timeout(CALL).tcp_nodelay(true))
            })
            .collect();
        let endpoints = endpoints.map_err(|error: tonic::transport::Error| error.to_string())?;
        let channel = match &endpoints[..] {
            [one] => one.connect_lazy(),
            _ => Channel::balance_list(endpoints.into_iter()),
        };
        channels.insert(addresses.to_owned(), channel.clone());
        Ok(channel)
    }

    /// The headers of the protocol; with keys, HMAC-SHA1 over the time in hexadecimal.
    fn sign(&self, headers: &mut MetadataMap) {
        let time = jiff::Timestamp::now().to_string();
        let mut set = |name: &'static str, value: &str| {
            // Each is printable ASCII; the access key was checked.
            if let Ok(value) = AsciiMetadataValue::try_from(value) {
                headers.insert(name, value);
            }
        };
        set("x-mq-client-id", &self.client_id);
        set("x-mq-language", "RUST");
        set("x-mq-client-version", env!("CARGO_PKG_VERSION"));
        set("x-mq-protocol-version", "2.0.0");
        set("x-mq-date-time", &time);
        if let (Some(access), Some(secret)) = (&self.config.access_key, &self.config.secret_key) {
            let secret = secret.expose_secret().as_bytes();
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
            let mut signed = format!(
                "MQv2-HMAC-SHA1 Credential={access}, SignedHeaders=x-mq-date-time, Signature="
            );
            for byte in hmac::sign(&key, time.as_bytes()).as_ref() {
                signed.push_str(&format!("{byte:02x}"));
            }
            set("authorization", &signed);
        }
    }
}
