//! Counts the instructions of an event, in user mode, by callgrind.
//!
//! In come records, out go the same with `instructions_per_event`. The program runs itself under valgrind, as `count WORKLOAD N PEER TURNS PART`,
//! with two numbers of turns: their difference is free of what start-up and setting up cost.

use std::collections::VecDeque;
use std::env;
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::thread;

use crate::peers::Name;
use crate::report::{Progress, Record, rounded};
use crate::workloads::{self, Count, Kind, Subject, Workload};

/// Whether valgrind is installed.
pub fn are_countable() -> bool {
    let version = Command::new("valgrind").arg("--version").stdout(Stdio::null()).status();
    version.is_ok_and(|status| status.success())
}

/// Adds the counts to the records of a workload.
pub fn count(workload: &Workload, records: &mut [Record], progress: &mut Progress) {
    if !is_counted(workload) {
        return;
    }
    let waiting: Mutex<VecDeque<&mut Record>> = Mutex::new(records.iter_mut().collect());
    let progress = Mutex::new(progress);
    let work = || {
        while let Some(record) = { waiting.lock().unwrap().pop_front() } {
            progress.lock().unwrap().show(format_args!(
                "{} {}: counting instructions of {}",
                record.workload, record.n, record.peer
            ));
            let counted = per_event(workload, record.n, record.peer());
            record.instructions_per_event = Some(rounded(counted, 10.0));
        }
    };
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(work);
        }
    });
    progress.lock().unwrap().clear();
}

fn is_counted(workload: &Workload) -> bool {
    match workload.kind {
        Kind::Alone { count, .. } => !matches!(count, Count::No),
        Kind::Together { counts, .. } => counts,
        Kind::Weighed { .. } => false,
    }
}

fn per_event(workload: &Workload, number: usize, peer: Name) -> f64 {
    let (all, events) = per_turn(workload, number, peer, "all");
    match workload.kind {
        Kind::Alone { count: Count::Event { .. }, .. } => {
            let (fewer, fewer_events) = per_turn(workload, number, peer, "fewer");
            (all - fewer) / (events - fewer_events)
        }
        _ => all / events,
    }
}

/// Instructions and events of a turn.
fn per_turn(workload: &Workload, number: usize, peer: Name, part: &str) -> (f64, f64) {
    let turns = turns_to_count(number);
    let (twice, twice_events) = run(workload, number, peer, 2 * turns, part);
    let (once, once_events) = run(workload, number, peer, turns, part);
    ((twice - once) / turns as f64, (twice_events - once_events) / turns as f64)
}

/// In `all`, a turn has as many events as there are fds.
fn turns_to_count(number: usize) -> u64 {
    if number == 1000 { 100 } else { 1000 }
}

/// Instructions and events of a process.
fn run(workload: &Workload, number: usize, peer: Name, turns: u64, part: &str) -> (f64, f64) {
    let output = Command::new("valgrind")
        .args(["--tool=callgrind", "--callgrind-out-file=/dev/null"])
        .arg(env::current_exe().unwrap())
        .args(["count", workload.name, &number.to_string(), peer.text(), &turns.to_string(), part])
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "valgrind failed: {said}");
    let counted = said.lines().find_map(|line| line.split_once("Collected :"));
    let (_, instructions) = counted.unwrap_or_else(|| panic!("no count in: {said}"));
    let events = String::from_utf8_lossy(&output.stdout);
    (instructions.trim().parse().unwrap(), events.trim().parse().unwrap())
}

/// What runs under callgrind.
pub fn main(arguments: &[String]) {
    let [workload, number, peer, turns, part] = arguments else { panic!("five arguments") };
    let (workload, peer) = (workloads::find(workload).unwrap(), Name::from_text(peer).unwrap());
    let mut subject = subject(workload, number.parse().unwrap(), peer, part).unwrap();
    let run = subject.run(turns.parse().unwrap());
    assert_eq!(subject.end(), run.all_events, "every event was handled");
    println!("{}", run.events);
}

fn subject(workload: &Workload, number: usize, peer: Name, part: &str) -> Option<Box<dyn Subject>> {
    match workload.kind {
        Kind::Alone { count: Count::Event { fewer }, .. } if part == "fewer" => fewer(number, peer),
        _ => workload.make(number, peer),
    }
}
