//! `--field WHAT=NAME`.

use std::str::FromStr;

use mqtt_presence_core::lifecycle::Fields;

#[derive(Clone, Debug)]
pub(super) struct Naming {
    what: fn(&mut Fields) -> &mut String,
    name: String,
}

impl Naming {
    pub fn apply(&self, fields: &mut Fields) {
        (self.what)(fields).clone_from(&self.name);
    }
}

impl FromStr for Naming {
    type Err = String;

    fn from_str(text: &str) -> Result<Naming, String> {
        let (what, name) = text
            .split_once('=')
            .ok_or_else(|| format!("`{text}` is not WHAT=NAME"))?;
        let what: fn(&mut Fields) -> &mut String = match what {
            "client" => |fields| &mut fields.client,
            "kind" => |fields| &mut fields.kind,
            "connect" => |fields| &mut fields.connect,
            "disconnect" => |fields| &mut fields.disconnect,
            "tcpclean" => |fields| &mut fields.tcpclean,
            "time" => |fields| &mut fields.time,
            "channel" => |fields| &mut fields.channel,
            "address" => |fields| &mut fields.address,
            "list" => |fields| &mut fields.list,
            _ => {
                return Err(format!(
                    "`{what}` is none of client, kind, connect, disconnect, tcpclean, time, channel, address and list"
                ));
            }
        };
        Ok(Naming {
            what,
            name: name.to_owned(),
        })
    }
}
