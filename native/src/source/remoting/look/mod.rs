//! A look ahead, for `doctor`: would messages come? Name servers and brokers are
//! asked what they know; the group is not joined and no message is taken.

use std::fmt;
use std::sync::Arc;

use rocketmq_client_rust::ClientInstanceHandle;

use super::client::{Client, hook, settings};
use super::config::Config;
use super::watch::Watch;
use super::{close, probe, tls_hint};

mod answer;
mod group;
mod rights;
mod topic;

use answer::{Asked, Servers};

/// What a [`Complaint`] is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// A name server does not take connections.
    NameServerUnreachable,
    /// Something else than a name server answers there, or nothing does.
    NotANameServer,
    /// No name server knows the topic.
    TopicMissing,
    /// The topic is there under another namespace, or under none.
    NamespaceWrong,
    /// The topic lacks the permission to be read.
    TopicNotReadable,
    /// The topic has no queue to read.
    TopicWithoutQueues,
    /// The route names a broker that is not reached from here.
    BrokerUnreachable,
    /// A broker refuses what this service would ask.
    Refused,
    /// The broker knows no such group.
    GroupUnknown,
    /// The group may not consume.
    GroupDisabled,
    /// The group belongs to a subscription of another topic.
    GroupOfAnotherTopic,
    /// A member of the group subscribes to other tags.
    TagsDiffer,
    /// The client itself cannot start.
    Client,
}

impl Trouble {
    /// Whether it matters to consumers alone, not to who writes.
    fn is_of_consumers(self) -> bool {
        matches!(
            self,
            Trouble::TopicNotReadable
                | Trouble::TopicWithoutQueues
                | Trouble::GroupUnknown
                | Trouble::GroupDisabled
                | Trouble::GroupOfAnotherTopic
                | Trouble::TagsDiffer
        )
    }
}

/// One thing that keeps messages away, or may.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Complaint {
    /// What it is about.
    pub trouble: Trouble,
    /// False: it works, but look at it.
    pub severe: bool,
    /// What is wrong, and where.
    pub what: String,
    /// What to do.
    pub advice: String,
}

impl Complaint {
    fn severe(trouble: Trouble, what: impl Into<String>, advice: impl Into<String>) -> Complaint {
        Complaint {
            trouble,
            severe: true,
            what: what.into(),
            advice: advice.into(),
        }
    }

    fn mild(trouble: Trouble, what: impl Into<String>, advice: impl Into<String>) -> Complaint {
        Complaint {
            severe: false,
            ..Complaint::severe(trouble, what, advice)
        }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}; {}", self.what, self.advice)
    }
}

/// What was seen.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Look {
    /// Name servers that gave a route of the topic.
    pub name_servers: Vec<String>,
    /// Queues of the topic that can be read.
    pub queues: u64,
    /// Members that the group has now.
    pub members: usize,
    /// How many milliseconds the broker's clock is ahead of this machine's, to
    /// about 2 s; `None` where the broker does not tell.
    pub clock_ahead: Option<i64>,
    /// What is wrong.
    pub complaints: Vec<Complaint>,
}

/// Asks the servers whether messages would come; takes some seconds. Blocks;
/// not to be called from within a runtime.
pub fn look(config: &Config) -> Look {
    looked(config, Use::Read)
}

/// The same for who writes: whether messages would be taken.
pub fn look_to_write(config: &Config) -> Look {
    let mut look = looked(config, Use::Write);
    look.complaints.retain(|one| !one.trouble.is_of_consumers());
    look
}

/// What the topic is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Use {
    Read,
    Write,
}

fn looked(config: &Config, purpose: Use) -> Look {
    let mut look = Look::default();
    let asked = config
        .check()
        .and_then(|()| Client::new())
        .and_then(|client| {
            let asked = client.block_on(ask(&client, config, purpose, &mut look));
            close(client)?;
            asked
        });
    if let Err(reason) = asked {
        let advice = "correct the settings of this source";
        look.complaints
            .push(Complaint::severe(Trouble::Client, reason, advice));
    }
    look
}

async fn ask(
    client: &Client,
    config: &Config,
    purpose: Use,
    look: &mut Look,
) -> Result<(), String> {
    // Its answers are read here; the hook mends routes and signs.
    let unused = Arc::new(Watch::new(config.full_topic(), config.group.clone()));
    let handle = ClientInstanceHandle::get_or_create(
        &client.runtime(),
        0,
        settings(config),
        Some(hook(config, unused, None, Arc::default(), None)?),
    )
    .map_err(|error| error.to_string())?;
    handle.start().await.map_err(|error| error.to_string())?;
    let servers = Servers { handle: &handle };
    if let Some(brokers) = name_servers(&servers, config, look).await {
        for broker in &brokers {
            match purpose {
                Use::Read => group::ask(&servers, config, broker, look).await,
                Use::Write => {
                    let complaint = rights::of_writer(&servers, config, &broker.address).await;
                    look.complaints.extend(complaint);
                }
            }
            if let Some(ahead) = group::clock_ahead(&servers, &broker.address).await {
                look.clock_ahead = Some(ahead);
            }
        }
    }
    handle.shutdown_owned().await;
    Ok(())
}

/// Asks each name server for the route; the brokers that are reached.
async fn name_servers(
    servers: &Servers<'_>,
    config: &Config,
    look: &mut Look,
) -> Option<Vec<topic::Broker>> {
    let mut found = None;
    for address in config.addresses() {
        if let Some(reason) = probe::unreachable(address).await {
            look.complaints.push(Complaint::severe(
                Trouble::NameServerUnreachable,
                format!("the name server `{address}` is not reached: {reason}"),
                "check `namesrv`, the network, and that it runs",
            ));
            continue;
        }
        match topic::route(servers, config, address).await {
            Ok(route) => {
                look.name_servers.push(address.to_owned());
                found.get_or_insert(route);
            }
            Err(complaint) => look.complaints.push(complaint),
        }
    }
    Some(topic::judge(config, &found?, look).await)
}

fn silent_broker(config: &Config, address: &str) -> Complaint {
    Complaint::severe(
        Trouble::BrokerUnreachable,
        format!("the broker `{address}` takes connections but does not answer"),
        tls_hint(config),
    )
}

/// It takes connections, but this is no name server's answer.
fn no_name_server(config: &Config, address: &str, said: &Asked) -> Complaint {
    let (what, hint) = match said {
        Asked::Said { .. } => (
            format!(
                "what answers at `{address}` is no name server ({})",
                said.refusal()
            ),
            "",
        ),
        Asked::Silent => (
            format!(
                "what listens at `{address}` takes connections but does not answer as a name server does"
            ),
            tls_hint(config),
        ),
    };
    let mut advice = "`namesrv` takes the NameServer's port, by default 9876; a broker's port is found by itself, \
                      and the gRPC port of a proxy goes into a source of `kind = \"grpc\"`"
        .to_owned();
    if !hint.is_empty() {
        advice = format!("{advice}; {hint}");
    }
    Complaint::severe(Trouble::NotANameServer, what, advice)
}
