//! `mqtt-presence get`: is it online?

use std::io::Write;
use std::process::ExitCode;

use clap::{Args, ValueEnum};
use comfy_table::Color;
use serde_json::{Value, json};

use super::failure::Failure;
use super::instant::Instant;
use super::safe::text;
use super::service::{Service, ServiceArgs, in_path};
use super::{cause, table};

/// Ids asked for in one call.
const CHUNK: usize = 1_000;

/// Ask a running service whether clients are online
///
/// Exit code 0: all are online. 3: some are not. 2: wrong usage, or the
/// service cannot be reached.
#[derive(Debug, Args)]
#[command(after_help = "\
Examples:
  mqtt-presence get GID_x@@@dev1
  mqtt-presence get GID_x@@@dev1 GID_x@@@dev2 --format json
  mqtt-presence get GID_x@@@dev1 --why
  mqtt-presence get GID_x@@@dev1 --url https://presence.example.com --token-file token
  if mqtt-presence get GID_x@@@dev1 >/dev/null; then echo online; fi")]
pub(super) struct GetArgs {
    /// Client ids
    #[arg(required = true, value_name = "CLIENT_ID")]
    ids: Vec<String>,
    #[command(flatten)]
    service: ServiceArgs,
    /// How to print the answers
    #[arg(long, value_enum, default_value_t = Format::Table)]
    format: Format,
    /// Say why: every channel and the sentence for each
    #[arg(long)]
    why: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For people
    Table,
    /// `{"clients":[…]}`, for programs
    Json,
}

/// Asks and prints.
pub(super) fn run(args: &GetArgs) -> Result<ExitCode, Failure> {
    let service = Service::new(&args.service)?;
    let clients = if args.why {
        explained(&service, &args.ids)?
    } else {
        brief(&service, &args.ids)?
    };
    let all_online = clients.iter().all(|client| client["online"] == true);
    let mut output = std::io::stdout().lock();
    let printed = match args.format {
        Format::Json => writeln!(output, "{}", json!({ "clients": clients })),
        Format::Table if args.why => clients
            .iter()
            .try_for_each(|client| why(&mut output, client)),
        Format::Table => writeln!(output, "{}", rows(&clients)),
    };
    printed
        .and_then(|()| output.flush())
        .map_err(|error| Failure::of_output(&error))?;
    Ok(if all_online {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(3)
    })
}

fn brief(service: &Service, ids: &[String]) -> Result<Vec<Value>, Failure> {
    let mut clients = Vec::with_capacity(ids.len());
    for chunk in ids.chunks(CHUNK) {
        let mut answer = service.post("/v1/clients/query", &json!({ "clientIds": chunk }))?;
        match answer["clients"].take() {
            Value::Array(part) if part.len() == chunk.len() => clients.extend(part),
            _ => {
                return Err(Failure::Said(format!(
                    "`{}` does not answer as mqtt-presence does",
                    service.base()
                )));
            }
        }
    }
    Ok(clients)
}

fn explained(service: &Service, ids: &[String]) -> Result<Vec<Value>, Failure> {
    ids.iter()
        .map(|id| Ok(service.get(&format!("/v1/clients/{}", in_path(id)))?))
        .collect()
}

fn rows(clients: &[Value]) -> comfy_table::Table {
    let colours = table::colours();
    let mut rows = table::new(&["client", "status", "since"], colours);
    for client in clients {
        let status = text(&client["status"]);
        let colour = match status.as_str() {
            "online" => Color::Green,
            "offline" => Color::Red,
            _ => Color::Yellow,
        };
        rows.add_row([
            comfy_table::Cell::new(text(&client["clientId"])),
            table::cell(&status, colour, colours),
            comfy_table::Cell::new(moment(&client["since"])),
        ]);
    }
    rows
}

fn why(output: &mut impl Write, client: &Value) -> std::io::Result<()> {
    writeln!(
        output,
        "{}: {}",
        text(&client["clientId"]),
        text(&client["reason"])
    )?;
    for channel in client["channels"].as_array().into_iter().flatten() {
        let (id, state, reason) = (&channel["channelId"], &channel["state"], &channel["reason"]);
        writeln!(
            output,
            "  channel {} is {}: {}",
            text(id),
            text(state),
            text(reason)
        )?;
    }
    let last = &client["lastTransition"];
    if let Some(id) = last["id"].as_u64() {
        let (answer, cause) = (cause::answer(last), cause::with_message(&last["cause"]));
        writeln!(output, "  transition {id} to {answer}: {cause}")?;
    }
    Ok(())
}

fn moment(value: &Value) -> String {
    value
        .as_u64()
        .map_or_else(|| "-".into(), |millis| Instant(millis).to_string())
}
