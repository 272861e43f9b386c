//! Query parameters: each is known, given once, and has a sentence when wrong.

use std::fmt::Display;
use std::str::FromStr;

use axum::extract::{FromRequestParts, Query};
use axum::http::request::Parts;

use super::problem::Problem;

/// The query of a request. A handler takes what it knows and then calls
/// [`Parameters::finish`].
pub struct Parameters(Vec<(String, String)>);

impl<S: Send + Sync> FromRequestParts<S> for Parameters {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Problem> {
        Query::<Vec<(String, String)>>::try_from_uri(&parts.uri)
            .map(|Query(pairs)| Parameters(pairs))
            .map_err(|error| Problem::unprocessable(format!("the query cannot be read: {error}")))
    }
}

impl Parameters {
    /// Takes a parameter; it may be given once.
    ///
    /// # Errors
    /// 422 when it is given twice.
    pub fn take(&mut self, name: &str) -> Result<Option<String>, Problem> {
        let Some(index) = self.0.iter().position(|(key, _)| key == name) else {
            return Ok(None);
        };
        let (_, value) = self.0.remove(index);
        if self.0.iter().any(|(key, _)| key == name) {
            return Err(Problem::unprocessable(format!(
                "`{name}` is given twice; give it once"
            )));
        }
        Ok(Some(value))
    }

    /// Takes a whole number within a range.
    ///
    /// # Errors
    /// 422 with the range.
    pub fn number<T>(&mut self, name: &str, default: T, least: T, most: T) -> Result<T, Problem>
    where
        T: FromStr + PartialOrd + Display,
    {
        let Some(text) = self.take(name)? else {
            return Ok(default);
        };
        match text.parse::<T>() {
            Ok(number) if number >= least && number <= most => Ok(number),
            _ => Err(Problem::unprocessable(format!(
                "`{name}` is `{text}`; it takes a whole number from {least} to {most}"
            ))),
        }
    }

    /// Takes a time, RFC 3339 or milliseconds since 1970.
    ///
    /// # Errors
    /// 422 with what a time looks like.
    pub fn time(&mut self, name: &str) -> Result<Option<u64>, Problem> {
        let Some(text) = self.take(name)? else {
            return Ok(None);
        };
        let millis = match text.parse::<u64>() {
            Ok(millis) => Some(millis),
            Err(_) => text
                .parse::<jiff::Timestamp>()
                .ok()
                .and_then(|time| u64::try_from(time.as_millisecond()).ok()),
        };
        millis.map(Some).ok_or_else(|| {
            Problem::unprocessable(format!(
                "`{name}` is `{text}`; it takes milliseconds since 1970 or a time such as `2026-01-31T12:00:00Z`"
            ))
        })
    }

    /// Refuses what no one took.
    ///
    /// # Errors
    /// 422 with the parameters that are known.
    pub fn finish(self, known: &[&str]) -> Result<(), Problem> {
        match self.0.first() {
            None => Ok(()),
            Some((name, _)) if known.is_empty() => Err(Problem::unprocessable(format!(
                "unknown parameter `{name}`; this call takes none"
            ))),
            Some((name, _)) => Err(Problem::unprocessable(format!(
                "unknown parameter `{name}`; this call takes `{}`",
                known.join("`, `")
            ))),
        }
    }
}
