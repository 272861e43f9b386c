//! A broker's own list of who is connected.

use std::collections::BTreeMap;

use super::generic::Fields;
use super::notice::{Change, Notice};
use super::page::{Connection, Page};
use super::{Format, Unknown, emqx, generic};

/// Who is connected, as the broker lists them, page by page. A client has one
/// connection; of several that are listed the newest counts.
#[derive(Clone, Debug)]
pub struct Listed {
    format: Format,
    connections: BTreeMap<String, Connection>,
}

impl Listed {
    /// An empty list of a broker's; `None` for one whose lists cannot be read.
    pub fn new(format: Format) -> Option<Listed> {
        matches!(format, Format::Emqx | Format::Generic).then(|| Listed {
            format,
            connections: BTreeMap::new(),
        })
    }

    /// Takes one page and says whether there is another; `fields` are for
    /// [`Format::Generic`].
    ///
    /// # Errors
    /// The page is not of the format's shape, or an entry is not; it says which.
    pub fn read(&mut self, fields: &Fields, page: &[u8]) -> Result<bool, Unknown> {
        let page = match self.format {
            Format::Emqx => emqx::page(page),
            _ => generic::page(fields, page),
        };
        match page.and_then(checked) {
            Ok(page) => {
                for (client, connection) in page.connections {
                    self.add(client, connection);
                }
                Ok(page.more)
            }
            Err(message) => Err(Unknown {
                format: self.format,
                message,
            }),
        }
    }

    /// How many clients it has.
    pub fn len(&self) -> usize {
        self.connections.len()
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.connections.is_empty()
    }

    fn add(&mut self, client: String, connection: Connection) {
        match self.connections.get(&client) {
            Some(known) if known.time > connection.time => {}
            _ => {
                self.connections.insert(client, connection);
            }
        }
    }

    pub(super) fn into_connections(self) -> BTreeMap<String, Connection> {
        self.connections
    }
}

/// The page, when events can carry all of it.
fn checked(page: Page) -> Result<Page, String> {
    for (client, connection) in &page.connections {
        let notice = Notice {
            client: client.clone(),
            change: Change::Connect,
            time: connection.time.unwrap_or(1),
            address: connection.address.clone(),
            channel: connection.channel.clone(),
            reason: None,
        };
        notice
            .checked()
            .map_err(|reason| format!("client `{client}` of the list: {reason}"))?;
    }
    Ok(page)
}
