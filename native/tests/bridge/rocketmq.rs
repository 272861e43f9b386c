//! The whole road: broker, bridge, RocketMQ, service.
#![cfg(feature = "remoting")]

use xtask::http;
use xtask::rocketmq::{Cluster, StartOptions};

use crate::road::{Road, row};
use crate::rumqtt::connect;

#[test]
fn the_whole_road_through_rocketmq() {
    let scratch = tempfile::tempdir().unwrap();
    let cluster = Cluster::start(
        StartOptions::new("5.3.3", scratch.path().join("rocketmq"))
            .topic("notices", 4)
            .group("GID_bridge"),
    )
    .unwrap();
    let port = http::free_port(0).unwrap();
    let config = scratch.path().join("mqtt-presence.toml");
    let text = format!(
        "[store]\nkind = \"memory\"\n\n[api]\nbind = \"127.0.0.1:{port}\"\n\n[[source]]\nkind = \"remoting\"\n\
         namesrv = [{:?}]\ntopic = \"notices\"\ngroup = \"GID_bridge\"\n",
        cluster.namesrv()
    );
    std::fs::write(&config, text).unwrap();
    let serve = ["--config".to_owned(), config.display().to_string()];
    let target = format!("rocketmq://{}/notices", cluster.namesrv());
    let road = Road::start(port, &serve, &target);

    let from = road.broker.log().len();
    let device = connect(road.broker.port(), "on the whole road", 60);
    let id = "on the whole road";
    road.comes_online(from, id);
    drop(device);
    let line = format!("Client {id} closed its connection.");
    let took = road.answers(from, &line, id, "offline", &["tcpclean"]);
    row(
        "rumqttc, through RocketMQ 5.3.3",
        "cut off",
        "offline, tcpclean",
        took,
    );
    road.end();
}
