//! `store.url`: read as the stores read it, for it must not hold a password.

use redis::IntoConnectionInfo;

/// Whether it holds a password; `None` if no store can read it.
pub(super) fn has_password(url: &str) -> Option<bool> {
    if let Ok(config) = url.parse::<tokio_postgres::Config>() {
        return Some(config.get_password().is_some());
    }
    url.split(',').map(str::trim).try_fold(false, |found, one| {
        let info = one.into_connection_info().ok()?;
        let settings = info.redis_settings();
        Some(found || settings.password().is_some() || hides_one(one))
    })
}

/// A password with `/`, `?` or `#` looks like a port and what follows it.
fn hides_one(url: &str) -> bool {
    let rest = url.split_once("://").map_or(url, |(_, rest)| rest);
    rest.rsplit_once('@')
        .is_some_and(|(before, _)| before.contains(':'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_password_is_found_whatever_is_in_it() {
        for url in [
            "redis://me:hush@host",
            "redis://:hush@host:6379/1",
            "redis://me:1?hush@host",
            "redis://me:1#hush@host",
            "redis://a:1,redis://me:hush@b:2",
            "redis+unix:///run/redis.sock?user=me&pass=hush",
            "postgres://me:hush@host/db",
            "postgres://me:hu/sh@host/db",
            "postgresql://me:hu?sh@host/db",
            "postgres://me:hu,sh@host/db",
            "postgres://me:1/hush@host/db",
            "postgres://me@host/db?password=hush",
            "postgres://me@host/db?pass%77ord=hush",
            "host=h user=me password=hush",
            "host=h user=me password = hush",
            "host=h password ='hush hush'",
        ] {
            assert_eq!(has_password(url), Some(true), "{url}");
        }
    }

    #[test]
    fn an_address_without_one_is_taken() {
        for url in [
            "redis://127.0.0.1:6379",
            "rediss://me@host:6380/2",
            "redis://me@a:1, redis://me@[::1]:2",
            "redis+unix:///run/a@b.sock?db=1",
            "postgres://presence@db.internal/presence",
            "postgres://me@a:5432,b:5432/db?application_name=a@b&sslmode=disable",
            "postgres:///db?host=/run/postgresql&user=me",
            "host=a,b user=me dbname = 'x:y@z'",
            "",
        ] {
            assert_eq!(has_password(url), Some(false), "{url}");
        }
    }

    #[test]
    fn what_no_store_can_read_may_hold_one() {
        for url in [
            "redis://me:hu/sh@host",
            "rediss://me:1/hush@host",
            "redis://me:hu,sh@host",
            "postgres://me:hush",
            "PostgreS://me:hush@host",
            "host=h Password=hush",
            "127.0.0.1:6379",
        ] {
            assert_eq!(has_password(url), None, "{url}");
        }
    }
}
