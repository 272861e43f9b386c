//! The broker's own list of who is connected: where it is, and who may read it.

use std::path::PathBuf;
use std::time::Duration;

use clap::Args;
use mqtt_presence_core::lifecycle::{Fields, Format, Listed};

use super::super::failure::Failure;
use crate::config::Span;

mod fetch;
mod turn;

pub(super) use turn::{Answer, Lists, Turn, Why};

#[derive(Debug, Args)]
#[command(next_help_heading = "The broker's own list")]
pub(super) struct ListArgs {
    /// The broker's list of who is connected, `http://` or `https://`: asked whenever the bridge has connected, to
    /// close and open what a gap left wrong. For `--format-in emqx` (`…/api/v5/clients`) and `generic`
    #[arg(long, value_name = "URL")]
    list_url: Option<String>,
    /// User name for the list; of EMQX, the API key
    #[arg(long, value_name = "NAME", env = "MQTT_PRESENCE_LIST_USER")]
    list_user: Option<String>,
    /// File that holds the list's password, of EMQX the secret key, and is read at each request; or set
    /// MQTT_PRESENCE_LIST_PASSWORD
    #[arg(
        long,
        value_name = "FILE",
        requires = "list_url",
        requires = "list_user"
    )]
    list_password_file: Option<PathBuf>,
    /// PEM file with the authorities of an `https://` list, in place of the system's
    #[arg(long, value_name = "FILE", requires = "list_url")]
    list_ca: Option<PathBuf>,
    /// Ask for the list regularly too, as `5m`
    #[arg(long, value_name = "DURATION", requires = "list_url")]
    list_every: Option<Span>,
}

impl ListArgs {
    /// Nothing is asked yet.
    ///
    /// # Errors
    /// The options cannot lead to a list, whatever the broker says.
    pub fn open(&self, format: Format, fields: &Fields) -> Result<Lists, Failure> {
        let Some(url) = &self.list_url else {
            return Ok(Lists::none());
        };
        if Listed::new(format).is_none() {
            return Err(Failure::Said(format!(
                "`--list-url` is for `--format-in emqx` and `--format-in generic`: of `{format}` no list of connections \
                 can be read"
            )));
        }
        let every = self.list_every.map(Span::duration);
        if every == Some(Duration::ZERO) {
            return Err(Failure::Said(
                "`--list-every` is zero: give a duration such as `5m`, or leave it out".into(),
            ));
        }
        let list = fetch::List::new(self, url, format, fields.clone()).map_err(Failure::Said)?;
        Ok(Lists::of(list, every))
    }
}
