//! What a service that nothing comes to knows of its store.

use std::thread::sleep;
use std::time::{Duration, Instant};

use xtask::redis::Server;

use super::support::Service;

#[test]
fn a_store_that_goes_and_comes_back_is_noticed_without_an_event() {
    let folder = tempfile::tempdir().unwrap();
    let lasting = ["--appendonly", "yes", "--maxmemory-policy", "noeviction"];
    let mut server = Server::start(folder.path(), &lasting).unwrap();
    let url = format!("store.url={}", server.url());
    let service = Service::start(&["--store", "redis", "--set", &url]);
    until(&service, 200);

    server.kill();
    until(&service, 503);
    let said = service.get("/readyz").text;
    assert!(said.contains("redis: "), "{said}");

    server.again().unwrap();
    until(&service, 200);
    let log = service.log();
    assert!(log.contains("the store is there again"), "{log}");
}

fn until(service: &Service, status: u16) {
    let end = Instant::now() + Duration::from_secs(30);
    while service.get("/readyz").status != status {
        assert!(Instant::now() < end, "never {status}: {}", service.log());
        sleep(Duration::from_millis(50));
    }
}
