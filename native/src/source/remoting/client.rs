//! The client's own runtime and settings: all that the rest of the service
//! should not have to know of the crate.

use std::sync::Arc;
use std::time::Duration;

use rocketmq_client_rust::{
    AclClientRPCHook, ClientConfig, ClientRuntime, ClientRuntimeConfig, SessionCredentials,
};
use rocketmq_observability::TelemetryRuntimeGuard;
use rocketmq_runtime::{BlockingLanePolicies, BlockingPoolPolicy, RuntimeConfig, RuntimeOwner};
use secrecy::ExposeSecret;
use tracing::warn;

use super::config::Config;
use super::holds::Holds;
use super::hook::Hook;
use super::pace::{self, Pace};
use super::parcel::Tags;
use super::trace::Tracer;
use super::watch::{INTERVAL, Watch};

/// Listener calls that run at once. They end when the pipeline has their
/// messages, so these are enough to keep the cores of any machine busy.
pub(super) const LISTENERS: u32 = 16;

/// Threads beside those of the listeners, for the client's own blocking work.
const SPARE: usize = 16;

/// A running client runtime. Close it in the end.
pub(super) struct Client {
    owner: RuntimeOwner,
    runtime: Arc<ClientRuntime>,
    telemetry: TelemetryRuntimeGuard,
}

impl Client {
    pub(super) fn new() -> Result<Client, String> {
        // The default lane is 4 calls wide on two cores, refuses what waits
        // longer than 5 s and gives up on a call after 30 s; then messages are
        // returned that are being committed. Waiting is what our calls do.
        let long = Duration::from_secs(365 * 24 * 60 * 60);
        let threads = LISTENERS as usize + SPARE;
        let policy = BlockingPoolPolicy {
            name: "rocketmq-blocking".to_owned(),
            max_concurrency: threads,
            max_queue_depth: 65_536,
            queue_timeout: long,
            task_timeout: long,
            warn_after: long,
        };
        let config = RuntimeConfig {
            thread_name: "rocketmq".to_owned(),
            max_blocking_threads: threads,
            blocking_lane_policies: BlockingLanePolicies::uniform(policy),
            ..RuntimeConfig::default()
        };
        let owner = RuntimeOwner::plan(config)
            .map_err(|error| error.to_string())?
            .build()
            .map_err(|error| error.to_string())?;
        let telemetry = TelemetryRuntimeGuard::noop();
        let context = owner.root_context().component("client");
        let runtime =
            ClientRuntime::try_new(context, ClientRuntimeConfig::default(), telemetry.handle())
                .map_err(|error| error.to_string())?;
        Ok(Client {
            owner,
            runtime,
            telemetry,
        })
    }

    pub(super) fn runtime(&self) -> Arc<ClientRuntime> {
        Arc::clone(&self.runtime)
    }

    /// Runs a future on the client's runtime; not from within another one.
    pub(super) fn block_on<F: Future>(&self, future: F) -> F::Output {
        self.owner.block_on(future)
    }

    /// Ends what is left, in the order the crate asks for.
    pub(super) async fn close(self) {
        let reports = [
            ("client", self.runtime.shutdown().await),
            ("tasks", self.owner.shutdown_tasks().await),
        ];
        for (what, report) in reports {
            if !report.is_healthy() {
                warn!(report = %report.to_json(), "the RocketMQ client left {what} behind");
            }
        }
        self.owner.shutdown_background();
        self.telemetry.shutdown();
    }
}

/// The client's settings. Give them to a builder first: it replaces all else.
pub(super) fn settings(config: &Config) -> ClientConfig {
    let interval = u32::try_from(INTERVAL.as_millis()).expect("10 s fit");
    let mut settings = ClientConfig::default();
    settings.set_namesrv_addr(config.addresses().collect::<Vec<_>>().join(";").into());
    settings.set_namespace(config.instance().unwrap_or_default().into());
    settings.set_poll_name_server_interval(interval);
    settings.set_heartbeat_broker_interval(interval);
    settings.set_pull_message_service_shards(pace::shards());
    if let Some(tls) = &config.tls {
        // Dependencies link two cryptography providers and rustls panics
        // rather than choose; an error says that one is chosen already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        settings.set_use_tls(true);
        settings.set_tls_client_auth_server(true);
        settings.set_tls_test_mode_enable(false);
        if let Some(file) = &tls.ca_file {
            settings.set_tls_client_trust_cert_path(file.to_string_lossy());
        }
    }
    settings
}

/// The hook with the keys in it; the error is a sentence.
pub(super) fn hook(
    config: &Config,
    watch: Arc<Watch>,
    tracer: Option<Arc<Tracer>>,
    holds: Arc<Holds>,
    packs: Option<Tags>,
) -> Result<Arc<Hook>, String> {
    let signer = config.keys()?.map(|(access, secret)| {
        AclClientRPCHook::new(SessionCredentials::with_keys(
            access,
            secret.expose_secret(),
        ))
    });
    Ok(Arc::new(Hook {
        signer,
        watch,
        tracer,
        pace: Pace::default(),
        holds,
        packs,
    }))
}
