//! What was measured: as JSON, as a table for the terminal, and the line that shows how far it is.

use std::fmt::{Arguments, Write as _};
use std::io::{self, IsTerminal, Write};
use std::path::Path;
use std::{fs, time::Instant};

use serde::{Deserialize, Serialize};

use crate::peers::Name;

/// A number of a workload, with one peer. What was not measured is `None`, `null` in JSON.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub workload: String,
    pub n: usize,
    pub peer: String,
    /// The median over the rounds.
    pub ns_per_event: Option<f64>,
    /// The median over the rounds of the ratio within the round.
    pub ratio_to_raw: Option<f64>,
    /// The distance of its quartiles.
    pub ratio_spread: Option<f64>,
    /// In user mode.
    pub instructions_per_event: Option<f64>,
    /// Per subscriber.
    pub allocations: Option<f64>,
    /// Per subscriber.
    pub bytes: Option<f64>,
}

impl Record {
    fn new(workload: &str, n: usize, peer: Name) -> Self {
        Self {
            workload: workload.to_owned(),
            n,
            peer: peer.text().to_owned(),
            ns_per_event: None,
            ratio_to_raw: None,
            ratio_spread: None,
            instructions_per_event: None,
            allocations: None,
            bytes: None,
        }
    }

    pub fn timed(workload: &str, n: usize, peer: Name, ns: f64, ratio: f64, spread: f64) -> Self {
        Self {
            ns_per_event: Some(rounded(ns, 100.0)),
            ratio_to_raw: Some(rounded(ratio, 1000.0)),
            ratio_spread: Some(rounded(spread, 1000.0)),
            ..Self::new(workload, n, peer)
        }
    }

    pub fn weighed(workload: &str, n: usize, peer: Name, allocations: f64, bytes: f64) -> Self {
        Self {
            allocations: Some(rounded(allocations, 1000.0)),
            bytes: Some(rounded(bytes, 10.0)),
            ..Self::new(workload, n, peer)
        }
    }

    pub fn peer(&self) -> Name {
        Name::from_text(&self.peer).unwrap_or_else(|| panic!("unknown peer {}", self.peer))
    }
}

/// More digits than that are noise.
pub fn rounded(value: f64, parts: f64) -> f64 {
    (value * parts).round() / parts
}

/// # Errors
///
/// Those of writing the file.
pub fn write_json(records: &[Record], path: &Path) -> io::Result<()> {
    // A line for each, so that a changed figure is a changed line.
    let lines: Result<Vec<_>, _> = records.iter().map(serde_json::to_string).collect();
    fs::write(path, format!("[\n  {}\n]\n", lines?.join(",\n  ")))
}

/// # Errors
///
/// Those of reading the file, and `InvalidData` if it is something else.
pub fn read_json(path: &Path) -> io::Result<Vec<Record>> {
    Ok(serde_json::from_str(&fs::read_to_string(path)?)?)
}

/// The records of one number of a workload, for the terminal.
pub fn table(records: &[Record]) -> String {
    let mut text = String::new();
    let Some(first) = records.first() else { return text };
    let (workload, n) = (&first.workload, first.n);
    let is_weighed = first.bytes.is_some();
    let head = format!("{workload}, n = {n}");
    if is_weighed {
        let _ = writeln!(text, "{head:<24} {:>12} {:>12}", "allocations", "bytes");
    } else {
        let _ = writeln!(
            text,
            "{head:<24} {:>12} {:>9} {:>8} {:>14}",
            "ns/event", "ratio", "spread", "instructions"
        );
    }
    for record in records {
        let peer = &record.peer;
        let _ = if is_weighed {
            let (allocations, bytes) = (cell(record.allocations, 2), cell(record.bytes, 1));
            writeln!(text, "  {peer:<22} {allocations:>12} {bytes:>12}")
        } else {
            writeln!(
                text,
                "  {peer:<22} {:>12} {:>9} {:>8} {:>14}",
                cell(record.ns_per_event, 2),
                cell(record.ratio_to_raw, 3),
                cell(record.ratio_spread, 3),
                cell(record.instructions_per_event, 1),
            )
        };
    }
    text
}

fn cell(value: Option<f64>, digits: usize) -> String {
    value.map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
}

/// The line that shows how far it is: overwritten on a terminal, else told every few seconds.
pub struct Progress {
    is_terminal: bool,
    told: Option<Instant>,
    is_silent: bool,
}

impl Progress {
    pub fn new() -> Self {
        Self { is_terminal: io::stderr().is_terminal(), told: None, is_silent: false }
    }

    /// Shows nothing.
    pub fn silent() -> Self {
        Self { is_silent: true, ..Self::new() }
    }

    pub fn show(&mut self, what: Arguments<'_>) {
        let is_due = self.told.is_none_or(|told| told.elapsed().as_secs() >= 5);
        if self.is_silent {
        } else if self.is_terminal {
            let _ = write!(io::stderr(), "\r\x1b[K{what}");
        } else if is_due {
            self.told = Some(Instant::now());
            eprintln!("{what}");
        }
    }

    pub fn clear(&mut self) {
        if self.is_terminal && !self.is_silent {
            let _ = write!(io::stderr(), "\r\x1b[K");
        }
    }
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}
