//! Charts and tables from the JSON of a run: `eventp-bench plot FILE [--into FOLDER]`.
//!
//! In come records, out go SVG files, and the tables in the folder's `README.md` between their markers: no figure of that page is typed by hand.

mod growth;
mod panels;
mod tables;

use std::error::Error;
use std::path::{Path, PathBuf};

use plotters::style::RGBColor;

use self::panels::{Figure, Panel};
use crate::peers::Name;
use crate::report::{self, Record};

type Result<T> = core::result::Result<T, Box<dyn Error>>;

/// # Panics
///
/// If a file cannot be read or written, or is something else.
pub fn main(arguments: &[String]) {
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let (file, folder) = match arguments[..] {
        [file] => (file, "docs/performance"),
        [file, "--into", folder] => (file, folder),
        _ => panic!("expected: plot FILE [--into FOLDER]"),
    };
    if let Err(error) = plot(Path::new(file), Path::new(folder)) {
        panic!("{error}");
    }
}

/// Draws all charts and fills in the tables.
///
/// # Errors
///
/// Those of files, and of a page whose markers do not pair.
pub fn plot(file: &Path, folder: &Path) -> Result<()> {
    let records = report::read_json(file)?;
    std::fs::create_dir_all(folder)?;
    for figure in figures(&records) {
        figure.draw(&path(folder, figure.name))?;
    }
    growth::draw(&records, &path(folder, "growth"))?;
    tables::fill_in(&records, &folder.join("README.md"))
}

fn path(folder: &Path, name: &str) -> PathBuf {
    folder.join(name).with_extension("svg")
}

/// What a panel shows of a record: the figure that is compared, half the width of its whisker, and how it is written.
type Show = fn(&Record, &Record) -> Option<(f64, f64, String)>;

fn figures(records: &[Record]) -> Vec<Figure> {
    let with_kernel = [
        ("one", 100),
        ("all", 1000),
        ("ready", 64),
        ("churn", 1000),
        ("ports", 6),
        ("vmm", 22),
        ("doorbell", 1),
        ("activate", 6),
        ("state", 64),
    ];
    let counted = [&with_kernel[..], &[("echo-cpu", 64)]].concat();
    let panels = |wanted: &[(&str, usize)], show: Show| {
        wanted.iter().filter_map(|&(workload, n)| panel(records, workload, n, show)).collect()
    };
    vec![
        Figure {
            name: "times",
            title: "Time per event, the kernel's part included",
            axis: "ratio to raw; whiskers: quartiles of the rounds",
            range: (0.45, 3.0),
            ticks: &[0.5, 0.7, 1.0, 1.5, 2.0, 2.5],
            panels: panels(&with_kernel, time),
        },
        Figure {
            name: "user",
            title: "Time per event, the kernel's part left out",
            axis: "ratio to raw; whiskers: quartiles of the rounds",
            range: (0.7, 40.0),
            ticks: &[1.0, 2.0, 5.0, 10.0, 20.0],
            panels: panels(&[("ready-user", 16), ("ready-user", 64)], time),
        },
        Figure {
            name: "instructions",
            title: "Instructions per event in user mode",
            axis: "ratio to raw; beside it the number",
            range: (0.6, 60.0),
            ticks: &[1.0, 2.0, 5.0, 10.0, 20.0, 40.0],
            panels: panels(&counted, instructions),
        },
        Figure {
            name: "servers",
            title: "Time per message or connection: of the server (cpu), and seen from the client",
            axis: "ratio to raw; whiskers: quartiles of the rounds",
            range: (0.7, 1.5),
            ticks: &[0.8, 0.9, 1.0, 1.1, 1.2, 1.3],
            panels: panels(
                &[
                    ("echo-cpu", 1),
                    ("echo", 1),
                    ("echo-cpu", 64),
                    ("echo", 64),
                    ("echo-cpu", 1024),
                    ("echo", 1024),
                    ("accept", 1),
                    ("accept", 16),
                ],
                time,
            ),
        },
        Figure {
            name: "memory",
            title: "Bytes per subscriber with a value of 16 bytes",
            axis: "ratio to raw; beside it the bytes",
            range: (0.4, 12.0),
            ticks: &[0.5, 1.0, 2.0, 4.0, 8.0],
            panels: panels(&[("memory", 1), ("memory", 10_000)], bytes),
        },
    ]
}

fn panel(records: &[Record], workload: &str, n: usize, show: Show) -> Option<Panel> {
    let of_it = |record: &&Record| record.workload == workload && record.n == n;
    let raw = records.iter().filter(of_it).find(|record| record.peer() == Name::Raw)?;
    let row = |record: &Record| show(record, raw).map(|shown| (record.peer(), shown));
    let rows = records.iter().filter(of_it).filter_map(row).collect();
    Some(Panel { title: format!("{workload}, n = {n}"), rows })
}

fn time(record: &Record, _raw: &Record) -> Option<(f64, f64, String)> {
    let ns = record.ns_per_event?;
    let digits = if ns < 100.0 { 1 } else { 0 };
    Some((record.ratio_to_raw?, record.ratio_spread? / 2.0, format!("{ns:.digits$} ns")))
}

fn instructions(record: &Record, raw: &Record) -> Option<(f64, f64, String)> {
    let number = record.instructions_per_event?;
    Some((number / raw.instructions_per_event?, 0.0, format!("{number:.0}")))
}

fn bytes(record: &Record, raw: &Record) -> Option<(f64, f64, String)> {
    let number = record.bytes?;
    Some((number / raw.bytes?, 0.0, format!("{number:.0}")))
}

/// Ours stands out; the others are told apart by their names.
fn colour(peer: Name) -> RGBColor {
    match peer {
        Name::Raw => RGBColor(0x33, 0x33, 0x33),
        Name::Ours => RGBColor(0xd0, 0x21, 0x2b),
        Name::Eventp1 => RGBColor(0xe8, 0x8a, 0x2e),
        Name::EventManager => RGBColor(0x2c, 0x7f, 0xb8),
        Name::MioVec => RGBColor(0x1b, 0x9e, 0x77),
        Name::MioMap => RGBColor(0x66, 0xa6, 0x1e),
        Name::Polling => RGBColor(0x75, 0x70, 0xb3),
        Name::Calloop => RGBColor(0xa6, 0x56, 0x28),
        Name::Tokio => RGBColor(0xe7, 0x29, 0x8a),
    }
}
