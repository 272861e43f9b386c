//! Addresses of this machine. They are asked without the proxy that the
//! environment may name: a proxy's loopback is another machine's.

use std::net::IpAddr;

use ureq::Proxy;
use ureq::http::Uri;

/// Whether the host is this machine.
pub(crate) fn is_loopback(uri: &Uri) -> bool {
    let host = uri.host().unwrap_or_default().trim_matches(['[', ']']);
    host == "localhost"
        || host
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

/// The proxy that requests to this address go through, where the environment names one.
pub(crate) fn proxy_to(uri: &Uri) -> Option<Proxy> {
    let proxy = Proxy::try_from_env().filter(|proxy| !proxy.is_no_proxy(uri));
    proxy.filter(|_| !is_loopback(uri))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn names_and_both_kinds_of_address() {
        for (url, wanted) in [
            ("http://localhost:1/a", true),
            ("https://127.9.9.9", true),
            ("http://[::1]:1", true),
            ("http://localhost.example", false),
            ("http://10.0.0.1", false),
            ("http://[::2]", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), wanted, "{url}");
        }
    }
}
