//! The tables of the page: each stands between `<!-- table: NAME -->` and `<!-- end of table -->`, and is written anew.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use super::Result;
use crate::peers::Name;
use crate::report::Record;
use crate::workloads;

const END: &str = "<!-- end of table -->";

/// Fills in the tables of a page.
pub(super) fn fill_in(records: &[Record], page: &Path) -> Result<()> {
    let old = fs::read_to_string(page)?;
    fs::write(page, filled(&old, records)?)?;
    Ok(())
}

fn filled(page: &str, records: &[Record]) -> Result<String> {
    let (mut new, mut rest) = (String::new(), page);
    while let Some((before, after)) = rest.split_once("<!-- table: ") {
        let (name, after) = after.split_once(" -->").ok_or("a marker that does not end")?;
        let (_, after) = after.split_once(END).ok_or_else(|| format!("no end of table {name}"))?;
        let table = match name {
            "targets" => targets(records),
            _ => workload(records, name)?,
        };
        let _ = write!(new, "{before}<!-- table: {name} -->\n\n{table}\n{END}");
        rest = after;
    }
    new.push_str(rest);
    Ok(new)
}

/// A row per peer, and the columns of each number.
fn workload(records: &[Record], name: &str) -> Result<String> {
    let its: Vec<&Record> = records.iter().filter(|record| record.workload == name).collect();
    if its.is_empty() {
        return Err(format!("no figures of `{name}`").into());
    }
    let numbers: BTreeSet<usize> = its.iter().map(|record| record.n).collect();
    let word = workloads::find(name).map_or("n", |workload| workload.number);
    let find = |peer: Name, n| its.iter().find(|record| record.n == n && record.peer() == peer);
    let mut table = String::from("| peer |");
    for n in &numbers {
        let _ = write!(table, " {n} {word} |");
    }
    table.push_str("\n|---|");
    numbers.iter().for_each(|_| table.push_str("--:|"));
    table.push('\n');
    for peer in Name::ALL {
        let cells: Vec<_> =
            numbers.iter().filter_map(|&n| find(peer, n)).map(|r| cell(r)).collect();
        if !cells.is_empty() {
            let _ = writeln!(table, "| {} | {} |", peer.text(), cells.join(" | "));
        }
    }
    Ok(table)
}

/// What there is of a record, in a cell.
fn cell(record: &Record) -> String {
    let mut parts = Vec::new();
    if let (Some(ratio), Some(spread)) = (record.ratio_to_raw, record.ratio_spread) {
        parts.push(match record.peer() {
            Name::Raw => "**1**".to_owned(),
            _ => format!("**{ratio:.3}** ± {:.3}", spread / 2.0),
        });
    }
    if let Some(ns) = record.ns_per_event {
        let digits = if ns < 100.0 { 2 } else { 0 };
        parts.push(format!("{ns:.digits$} ns"));
    }
    if let Some(instructions) = record.instructions_per_event {
        parts.push(format!("{instructions:.1} instr"));
    }
    if let (Some(allocations), Some(bytes)) = (record.allocations, record.bytes) {
        parts.push(format!("{allocations:.2} allocations, {bytes:.1} B"));
    }
    parts.join(", ")
}

/// What was aimed at, and what was measured.
fn targets(records: &[Record]) -> String {
    let find = |workload: &str, n, peer: Name| {
        records.iter().find(|r| r.workload == workload && r.n == n && r.peer() == peer)
    };
    let ours = |workload: &str, n| find(workload, n, Name::Ours);
    let instructions = |workload: &str, n| ours(workload, n)?.instructions_per_event;
    let ratio = |workload: &str, n| ours(workload, n)?.ratio_to_raw;
    let mut table = String::from("| what | at most | measured | |\n|---|--:|--:|---|\n");
    let mut row = |what: &str, limit: f64, digits: usize, measured: Option<f64>| {
        let (text, met) = match measured {
            None => ("-".to_owned(), ""),
            Some(measured) if rounded(measured, digits) <= limit => {
                (number(measured, digits), "met")
            }
            Some(measured) => (number(measured, digits), "missed"),
        };
        let _ = writeln!(table, "| {what} | {} | {text} | {met} |", number(limit, digits));
    };
    row("`ready`: instructions per event", 10.0, 1, instructions("ready", 64));
    for n in [16, 64] {
        let what = format!("`ready` in user time (`ready-user`): ratio to raw, n = {n}");
        row(&what, 1.05, 3, ratio("ready-user", n));
    }
    row("`ports`: instructions per event, 4 fds", 12.0, 1, instructions("ports", 4));
    row("`ports`: instructions per event, 6 fds", 12.0, 1, instructions("ports", 6));
    row("`one`: instructions per event", 93.0, 1, instructions("one", 100));
    row("`churn`: instructions per add and delete", 280.0, 1, instructions("churn", 1000));
    row("`doorbell`: ratio to raw that reads", 0.70, 3, ratio("doorbell", 1));
    for workload in ["echo", "echo-cpu"] {
        for n in [1, 64, 1024] {
            row(&format!("`{workload}`: ratio to raw, n = {n}"), 1.03, 3, ratio(workload, n));
            for peer in [Name::MioVec, Name::Tokio] {
                let theirs = find(workload, n, peer).and_then(|record| record.ratio_to_raw);
                let both = ratio(workload, n).zip(theirs).map(|(ours, theirs)| ours / theirs);
                row(&format!("`{workload}`: ratio to {}, n = {n}", peer.text()), 1.0, 3, both);
            }
        }
    }
    let growth = ratio("one", 10_000).zip(ratio("one", 1)).map(|(many, one)| many / one);
    row("`one`: growth from 1 to 10,000 fds beyond that of raw", 1.02, 3, growth);
    let one_more = ours("memory", 1);
    row("`memory`: allocations", 1.0, 1, one_more.and_then(|record| record.allocations));
    let beyond = one_more.and_then(|record| record.bytes).map(|bytes| bytes - 16.0);
    row("`memory`: bytes beyond value and registry", 32.0, 0, beyond);
    table
}

fn number(value: f64, digits: usize) -> String {
    format!("{value:.digits$}")
}

/// As it is written.
fn rounded(value: f64, digits: usize) -> f64 {
    number(value, digits).parse().unwrap_or(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn records() -> Vec<Record> {
        let timed = |peer, ns, ratio| Record::timed("ready", 64, peer, ns, ratio, 0.02);
        vec![timed(Name::Raw, 70.0, 1.0), timed(Name::Ours, 71.0, 1.014)]
    }

    #[test]
    fn tables_are_written_anew_and_the_text_around_them_stays() {
        let page = "before\n<!-- table: ready -->\nold\n<!-- end of table -->\nafter\n";
        let new = filled(page, &records()).unwrap();
        assert!(new.starts_with("before\n<!-- table: ready -->\n\n| peer | 64 fds |"), "{new}");
        assert!(new.contains("| ours | **1.014** ± 0.010, 71.00 ns |"), "{new}");
        assert!(new.ends_with("<!-- end of table -->\nafter\n"), "{new}");
        assert!(!new.contains("old"), "{new}");
        assert_eq!(filled(&new, &records()).unwrap(), new);
    }

    #[test]
    fn a_table_without_figures_is_an_error() {
        let page = "<!-- table: echo -->\n<!-- end of table -->";
        assert!(filled(page, &records()).unwrap_err().to_string().contains("echo"));
    }
}
