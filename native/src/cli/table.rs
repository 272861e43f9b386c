//! Tables for people: as wide as the terminal, coloured only on one.

use std::io::{self, IsTerminal};

use comfy_table::{Attribute, Cell, Color, ContentArrangement, LineStyle, Table, TableStyle};

/// Whether standard output takes colours: a terminal, and `NO_COLOR` is not set.
pub(super) fn colours() -> bool {
    let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
    io::stdout().is_terminal() && !refused && !dumb
}

/// A line below the header and nothing else.
const UNDERLINED: TableStyle =
    TableStyle::new().header_separator(LineStyle::new('─', '─', '─', '─'));

/// A table with this header. On a terminal it is cut to its width; in a pipe
/// each row is one line.
pub(super) fn new(header: &[&str], colours: bool) -> Table {
    let mut table = Table::new();
    table
        .load_style(UNDERLINED)
        .set_content_arrangement(ContentArrangement::Dynamic)
        .set_header(header.iter().map(|title| {
            let cell = Cell::new(title);
            if colours {
                cell.add_attribute(Attribute::Bold)
            } else {
                cell
            }
        }));
    table
}

/// A cell in this colour, if colours are wanted.
pub(super) fn cell(text: impl ToString, colour: Color, colours: bool) -> Cell {
    let cell = Cell::new(text);
    if colours { cell.fg(colour) } else { cell }
}

/// Text outside a table in this colour, if colours are wanted.
pub(super) fn paint(text: &str, colour: Color, colours: bool) -> String {
    let code = match colour {
        Color::Green => 32,
        Color::Yellow => 33,
        _ => 31,
    };
    if colours {
        format!("\u{1b}[{code}m{text}\u{1b}[0m")
    } else {
        text.to_owned()
    }
}

/// How wide the terminal is; `None` in a pipe.
pub(super) fn width() -> Option<usize> {
    if !io::stdout().is_terminal() {
        return None;
    }
    Table::new().width().map(usize::from)
}
