//! Findings for people: in a pipe a line each, on a terminal wrapped to it.

use std::io::{self, Write};

use comfy_table::Color;

use super::Report;
use super::finding::{Finding, Severity};
use crate::cli::safe::safe;
use crate::cli::table;

/// How far the lines after the first are set in.
const INDENT: usize = 7;
/// Narrower than this nothing is wrapped.
const LEAST: usize = 30;

pub(super) fn text(output: &mut impl Write, report: &Report) -> io::Result<()> {
    let colours = table::colours();
    let width = table::width().filter(|width| *width >= LEAST);
    for finding in &report.findings {
        let (word, colour) = match finding.severity {
            Severity::Ok => ("good ", Color::Green),
            Severity::Warning => ("note ", Color::Yellow),
            Severity::Error => ("WRONG", Color::Red),
        };
        let word = table::paint(word, colour, colours);
        for (index, line) in lines(finding, width).iter().enumerate() {
            match index {
                0 => writeln!(output, "{word}  {line}")?,
                _ => writeln!(output, "{:INDENT$}{line}", "")?,
            }
        }
    }
    let verdict = match report.errors {
        0 => "all is well".to_owned(),
        1 => "one thing is wrong".to_owned(),
        errors => format!("{errors} things are wrong"),
    };
    writeln!(output, "{verdict}")
}

/// What is found and where; what to do; and its name for programs.
fn lines(finding: &Finding, width: Option<usize>) -> Vec<String> {
    let name = serde_json::to_value(finding.name).unwrap_or_default();
    let name = name.as_str().unwrap_or_default();
    let what = format!("{}: {}", finding.part, safe(&finding.message));
    let advice = finding
        .advice
        .as_ref()
        .map(|advice| format!("{} ({name})", safe(advice)));
    match (width, advice) {
        (None, None) => vec![what],
        (None, Some(advice)) => vec![format!("{what}; {advice}")],
        (Some(width), advice) => {
            let mut all = wrap(&what, width - INDENT);
            all.extend(
                advice
                    .into_iter()
                    .flat_map(|advice| wrap(&format!("→ {advice}"), width - INDENT)),
            );
            all
        }
    }
}

/// Broken at spaces; a word that is longer than a line has it alone.
fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = Vec::new();
    let mut line = String::new();
    for word in text.split(' ') {
        if !line.is_empty() && line.chars().count() + 1 + word.chars().count() > width {
            lines.push(std::mem::take(&mut line));
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    lines.push(line);
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::doctor::finding::Name;

    #[test]
    fn narrow_lines_break_at_spaces() {
        let finding = Finding::wrong(
            Name::PortTaken,
            "address",
            "`127.0.0.1:8787` is taken by another process",
            "end that",
        );
        let broken = lines(&finding, Some(INDENT + 25));
        assert_eq!(
            broken,
            [
                "address: `127.0.0.1:8787`",
                "is taken by another",
                "process",
                "→ end that (port_taken)"
            ]
        );
        assert_eq!(
            lines(&finding, None),
            ["address: `127.0.0.1:8787` is taken by another process; end that (port_taken)"]
        );
        assert_eq!(wrap("averyverylongword a", 5), ["averyverylongword", "a"]);
    }
}
