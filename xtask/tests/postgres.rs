//! A real PostgreSQL that is started, killed and started again.
#![allow(clippy::unwrap_used)]

use xtask::postgres::Postgres;

#[test]
fn survives_a_kill() {
    let mut server = Postgres::start().unwrap();
    server
        .psql(
            "postgres",
            "CREATE TABLE kept (n int); INSERT INTO kept VALUES (7)",
        )
        .unwrap();
    server.kill();
    assert!(server.psql("postgres", "SELECT 1").is_err());
    server.run().unwrap();
    assert_eq!(server.psql("postgres", "SELECT n FROM kept").unwrap(), "7");
}
