//! How often one address may ask, and how long one answer may take.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::StatusCode;
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::Shared;
use super::problem::Problem;

/// Most addresses that are remembered.
const ADDRESSES: usize = 16_384;

/// A token bucket for each address; a full bucket holds one second's worth.
pub struct Rate {
    rate: f64,
    buckets: Mutex<HashMap<IpAddr, Bucket>>,
}

struct Bucket {
    tokens: f64,
    filled: Instant,
}

impl Rate {
    /// So many requests a second; 0 is no limit.
    pub fn new(rate: u32) -> Rate {
        Rate {
            rate: f64::from(rate),
            buckets: Mutex::default(),
        }
    }

    /// Whether this address may ask now.
    pub fn take(&self, address: IpAddr, now: Instant) -> bool {
        if self.rate == 0.0 {
            return true;
        }
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        if buckets.len() >= ADDRESSES && !buckets.contains_key(&address) {
            // A bucket untouched for a second is full, and so as good as none.
            buckets.retain(|_, bucket| now.duration_since(bucket.filled) < Duration::from_secs(1));
            if buckets.len() >= ADDRESSES {
                return false;
            }
        }
        let bucket = buckets.entry(address).or_insert(Bucket {
            tokens: self.rate,
            filled: now,
        });
        let passed = now.duration_since(bucket.filled).as_secs_f64();
        bucket.tokens = (bucket.tokens + passed * self.rate).min(self.rate);
        bucket.filled = now;
        if bucket.tokens < 1.0 {
            return false;
        }
        bucket.tokens -= 1.0;
        true
    }
}

/// Refuses an address that asks too often.
pub async fn limit(State(service): State<Shared>, request: Request, next: Next) -> Response {
    let peer = request
        .extensions()
        .get::<ConnectInfo<SocketAddr>>()
        .map(|ConnectInfo(peer)| peer.ip());
    if peer.is_none_or(|peer| service.rate.take(peer.to_canonical(), Instant::now())) {
        return next.run(request).await;
    }
    let detail = format!(
        "more than {} requests a second from one address (`api.rate`); wait a second, or ask for many clients at \
         once with `POST /v1/clients/query`",
        service.api.rate
    );
    Problem::new(StatusCode::TOO_MANY_REQUESTS, "too_many_requests", detail)
        .retry_after(1)
        .into_response()
}

/// Ends an answer that takes too long. Following transitions answers at
/// once and then goes on, so it is not cut off; nor is a list of connections,
/// which is watched piece by piece.
pub async fn timeout(State(service): State<Shared>, request: Request, next: Next) -> Response {
    if request.uri().path() == super::reconcile::PATH {
        return next.run(request).await;
    }
    let limit = service.api.timeout;
    match tokio::time::timeout(limit.duration(), next.run(request)).await {
        Ok(response) => response,
        Err(_) => {
            let detail = format!(
                "no answer within {limit} (`api.timeout`); `/readyz` says how the service fares. Events that were \
                 sent may or may not be stored: send them again, an event counts once however often it comes"
            );
            Problem::unavailable("timeout", detail).into_response()
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_a_steady_rate() {
        let rate = Rate::new(10);
        let (one, two) = (IpAddr::from([127, 0, 0, 1]), IpAddr::from([127, 0, 0, 2]));
        let start = Instant::now();
        assert_eq!((0..20).filter(|_| rate.take(one, start)).count(), 10);
        assert!(rate.take(two, start), "addresses do not share");
        let later = start + Duration::from_millis(250);
        assert_eq!((0..20).filter(|_| rate.take(one, later)).count(), 2);
        assert!(Rate::new(0).take(one, start));
    }

    #[test]
    fn remembers_a_bounded_number_of_addresses() {
        let rate = Rate::new(1);
        let start = Instant::now();
        for number in 0..ADDRESSES as u32 {
            assert!(rate.take(IpAddr::from(number.to_be_bytes()), start));
        }
        let one_more = IpAddr::from([255, 0, 0, 1]);
        assert!(!rate.take(one_more, start));
        assert!(rate.take(one_more, start + Duration::from_secs(2)));
        assert_eq!(rate.buckets.lock().unwrap().len(), 1);
    }
}
