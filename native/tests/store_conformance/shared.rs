//! Stores on a server: one server for all checks, a schema for each.

use std::future::Future;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, LazyLock};

use mqtt_presence::store::{Keep, Postgres, PostgresSettings};
use mqtt_presence_core::presence::Options;
use tokio::runtime::Runtime;

use crate::Bench;

pub static SERVER: LazyLock<xtask::postgres::Postgres> =
    LazyLock::new(|| xtask::postgres::Postgres::start().unwrap());
/// Outlives the runtime of every check, as connections must.
static RUNTIME: LazyLock<Runtime> = LazyLock::new(|| Runtime::new().unwrap());

pub fn postgres(options: Options, keep: Keep) -> Bench {
    postgres_with(options, keep, 256 << 20)
}

/// So little memory that every commit drops and reads clients.
pub fn postgres_tight(options: Options, keep: Keep) -> Bench {
    postgres_with(options, keep, 10_000)
}

fn postgres_with(options: Options, keep: Keep, cache_bytes: usize) -> Bench {
    static SCHEMAS: AtomicU32 = AtomicU32::new(0);
    let settings = PostgresSettings {
        schema: format!("check_{}", SCHEMAS.fetch_add(1, Ordering::Relaxed)),
        cache_bytes,
        keep,
        ..PostgresSettings::new(SERVER.url("postgres"))
    };
    Bench {
        store: Arc::new(wait(Postgres::open(settings, options)).unwrap()),
        _folder: None,
    }
}

/// Waits for what needs a runtime, from within another.
fn wait<T: Send>(future: impl Future<Output = T> + Send) -> T {
    std::thread::scope(|scope| scope.spawn(|| RUNTIME.block_on(future)).join().unwrap())
}
