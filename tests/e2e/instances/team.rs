//! Three instances of the service over one store, and who listens to them.

use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use mqtt_presence_core::presence::Presence;
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use ureq::Agent;
use xtask::http;

use super::backend::Backend;
use super::follower::{Follower, Heard};
use super::proxy::Proxy;
use super::verdict::Verdict;
use crate::service::Service;
use crate::state::{counts, counts_of, differences};

const INSTANCES: usize = 3;
/// Most ids of one query.
const QUERY: usize = 10_000;

pub struct Instance {
    pub service: Service,
    /// Its way to the store.
    pub network: Proxy,
    port: u16,
}

/// Instances in one consumer group over one store.
pub struct Team {
    pub backend: Backend,
    pub instances: Vec<Instance>,
    follower: Follower,
    agent: Agent,
}

impl Team {
    /// Starts the instances and waits until all of them are ready.
    pub fn start(backend: Backend, namesrv: &str, topic: &str, folder: &Path) -> Team {
        let mut instances: Vec<Instance> = (0..INSTANCES)
            .map(|number| {
                let folder = folder.join(format!("{}-{number}", backend.name()));
                std::fs::create_dir_all(&folder).unwrap();
                let network = Proxy::start(backend.port());
                let port = http::free_port(0).unwrap();
                let config = folder.join("mqtt-presence.toml");
                let text = format!(
                    "[store]\nkind = {name:?}\nurl = {url:?}\n\n[api]\nbind = \"127.0.0.1:{port}\"\n\n\
                     [[source]]\nkind = \"remoting\"\nnamesrv = [{namesrv:?}]\ntopic = {topic:?}\n\
                     group = \"{group}\"\n",
                    name = backend.name(),
                    url = backend.url(network.port()),
                    group = group(&backend),
                );
                std::fs::write(&config, text).unwrap();
                let service = Service::start(config, port);
                Instance { service, network, port }
            })
            .collect();
        for instance in &mut instances {
            instance.service.wait(true, Duration::from_secs(180));
        }
        let ports = instances.iter().map(|instance| instance.port).collect();
        Team {
            follower: Follower::start(ports, u64::from(backend.port())),
            backend,
            instances,
            agent: Agent::config_builder()
                .timeout_global(Some(Duration::from_secs(30)))
                .proxy(None)
                .build()
                .into(),
        }
    }

    /// Waits until nothing is wrong any more, or until `patience` has passed;
    /// what is wrong then.
    pub fn settle(
        &mut self,
        expected: &Presence,
        poison: usize,
        patience: Duration,
        runtime: &Runtime,
    ) -> Verdict {
        for instance in &mut self.instances {
            instance.service.wait(true, Duration::from_secs(240));
        }
        let end = Instant::now() + patience;
        loop {
            let late = Instant::now() > end;
            let stats = self.instances[0].service.get("/v1/stats");
            // What the counts do not show, such as a second closing, may
            // still be out when they fit.
            if late || counts(&stats, poison) == counts_of(expected, poison) {
                let last = stats["lastTransition"].as_u64().unwrap_or(0);
                match self.judge(expected, last, runtime) {
                    Ok(verdict) if late || verdict.is_clean() => return verdict,
                    Err(error) if late => panic!("{}: {error}", self.backend.name()),
                    _ => {}
                }
            }
            thread::sleep(Duration::from_millis(300));
        }
    }

    fn judge(
        &self,
        expected: &Presence,
        last: u64,
        runtime: &Runtime,
    ) -> Result<Verdict, Box<dyn std::error::Error>> {
        let mut verdict = Verdict::default();
        let ids: Vec<&str> = expected.iter().map(|(id, _)| id).collect();
        for (number, instance) in self.instances.iter().enumerate() {
            for ids in ids.chunks(QUERY) {
                let url = format!("http://127.0.0.1:{}/v1/clients/query", instance.port);
                let body = json!({ "clientIds": ids });
                let answer: Value = self
                    .agent
                    .post(url)
                    .send_json(body)?
                    .body_mut()
                    .read_json()?;
                let clients = answer["clients"].as_array().ok_or("no `clients`")?;
                for (id, client) in ids.iter().zip(clients) {
                    let status = client["status"].as_str().unwrap_or_default();
                    verdict.answer(number, id, status, expected.status(id, 1));
                }
            }
        }
        let different = runtime.block_on(async {
            let store = self.backend.open().await?;
            differences(&*store, expected).await
        })?;
        verdict.stored(different);
        self.follower
            .heard(|heard| verdict.told(heard, last, expected));
        Ok(verdict)
    }

    pub fn heard<T>(&self, look: impl FnOnce(&Heard) -> T) -> T {
        self.follower.heard(look)
    }
}

/// The consumer group of a store's instances.
pub fn group(backend: &Backend) -> String {
    format!("GID_{}", backend.name())
}
