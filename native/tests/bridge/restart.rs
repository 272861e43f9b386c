//! A bridge that is killed knows afterwards which channels were open.

use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::road::{PATIENCE, Road, eventually};
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
    road.without_bridge(|road| {
        drop(ends);
        begins = Some(connect(port, "begins meanwhile", 60));
        eventually("the broker has seen the end", || {
            road.broker.log()[from..].contains(gone)
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

/// Or a list could not close it, if the broker forgot the session then.
#[test]
fn what_the_target_knows_to_be_open_a_killed_bridge_knows_too() {
    let mut road = Road::over_http();
    let port = road.broker.port();
    for time in 0..20 {
        let id = format!("device {time}");
        let device = connect(port, &id, 60);
        let begun = Instant::now();
        // Without a pause: what is between the two lasts a millisecond.
        while road.client(&id)["status"] != "online" {
            assert!(begun.elapsed() < PATIENCE, "{id} is not online");
        }
        road.without_bridge(|road| {
            let state = road.state_of(&id).unwrap_or_default();
            let channel = &road.client(&id)["channels"][0]["channelId"];
            assert!(state.contains(&channel.to_string()), "{id}: {state}");
        });
        drop(device);
    }
    road.end();
}

/// Mosquitto keeps a line for 20 s, and hands out 20 lines before the first is acknowledged.
#[test]
fn a_target_that_is_away_for_longer_than_the_broker_keeps_lines_misses_none() {
    let road = Road::over_http();
    let port = road.broker.port();
    let ids: Vec<_> = (0..100).map(|number| format!("leaves {number}")).collect();
    let devices: Vec<_> = ids.iter().map(|id| connect(port, id, 600)).collect();
    let all = |status: &str| ids.iter().all(|id| road.client(id)["status"] == status);
    eventually("all are online", || all("online"));
    road.without_target(|broker| {
        drop(devices);
        eventually("the broker has seen the ends", || {
            let log = broker.log();
            let ended = |id: &String| log.contains(&format!("Client {id} closed its connection."));
            ids.iter().all(ended)
        });
        sleep(Duration::from_secs(25));
    });
    eventually("all are offline", || all("offline"));
    road.end();
}

/// The broker tells of its uptime every second, also a bridge that is away.
#[test]
fn an_uptime_that_comes_late_is_no_restart() {
    let mut road = Road::over_http();
    let device = connect(road.broker.port(), "stays", 600);
    eventually("it is online", || {
        road.client("stays")["status"] == "online"
    });
    road.without_bridge(|_| sleep(Duration::from_secs(15)));
    // Whatever was kept for the bridge came before that.
    assert_eq!(road.client("stays")["status"], "online");
    let log = std::fs::read_to_string(road.bridge_log()).unwrap();
    assert!(!log.contains("has restarted"), "{log}");
    drop(device);
    eventually("it is offline", || {
        road.client("stays")["status"] == "offline"
    });
    road.end();
}
