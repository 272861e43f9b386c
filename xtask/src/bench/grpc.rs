//! From the proxy of a real RocketMQ into sqlite, each commit flushed.

use std::path::Path;
use std::time::Duration;

use super::rocketmq::fill;
use super::service::Service;
use super::table::{Aim, Row};
use crate::place;
use crate::rocketmq::{Cluster, StartOptions};

const TOPIC: &str = "bench";
const GROUP: &str = "GID_bench";
/// More take minutes and tell no more.
const MOST: u64 = 500_000;

pub(super) fn measure(events: u64) -> Result<Vec<Row>, String> {
    let events = events.min(MOST);
    let folder = place::target().join("bench").join("grpc");
    place::fresh(&folder)?;
    let options = StartOptions::new("5.3.3", folder.join("server"))
        .topic(TOPIC, 8)
        .group(GROUP);
    let cluster = Cluster::start(options)?;
    // A group that is new starts at the end of the topic: it polls once before.
    let mut first = start(&cluster, &folder)?;
    first.until_found("/readyz", Duration::from_secs(60))?;
    first.stop()?;
    fill(&cluster, TOPIC, events)?;
    let mut service = start(&cluster, &folder)?;
    // The polls of the first one take some along, which come half a minute later.
    let most = events / 10 * 9;
    let seconds = service.until_stored(most, Duration::from_secs(600))?;
    service.kill();
    let row = Row::rate(
        "RocketMQ 5.3.3 → grpc → sqlite, flushed, 8 queues",
        most,
        seconds,
    );
    Ok(vec![row.aim(Aim::AtLeast(15_000.0))])
}

fn start(cluster: &Cluster, folder: &Path) -> Result<Service, String> {
    let endpoint = cluster
        .grpc_endpoint()
        .ok_or("this RocketMQ has no proxy")?;
    let store = folder.join("presence.sqlite");
    let parts = format!(
        "[store]\nkind = \"sqlite\"\npath = {store:?}\n\n\
         [[source]]\nkind = \"grpc\"\nendpoint = {endpoint:?}\ntopic = {TOPIC:?}\ngroup = {GROUP:?}\n"
    );
    Service::start(folder, "", &parts)
}
