//! A bridge that is killed knows afterwards which channels were open.

use crate::road::{Road, eventually};
use crate::rumqtt::connect;

#[test]
fn a_killed_bridge_goes_on_with_the_channels_that_it_knew() {
    let mut road = Road::over_http();
    let port = road.broker.port();
    let from = road.broker.log().len();
    let ends = connect(port, "ends meanwhile", 60);
    let stays = connect(port, "stays", 60);
    for id in ["ends meanwhile", "stays"] {
        road.comes_online(from, id);
    }
    let from = road.broker.log().len();
    let gone = "Client ends meanwhile closed its connection.";
    let mut begins = None;
    road.without_bridge(|broker| {
        drop(ends);
        begins = Some(connect(port, "begins meanwhile", 60));
        eventually("the broker has seen the end", || {
            broker.log()[from..].contains(gone)
        });
    });
    // Each closing ends the channel of its connect: an orphan would be a second one.
    road.answers(from, gone, "ends meanwhile", "offline", &["tcpclean"]);
    road.comes_online(from, "begins meanwhile");
    assert_eq!(road.client("stays")["status"], "online");
    for (id, device) in [("stays", Some(stays)), ("begins meanwhile", begins)] {
        drop(device);
        let line = format!("Client {id} closed its connection.");
        road.answers(from, &line, id, "offline", &["tcpclean"]);
    }
    road.end();
}
