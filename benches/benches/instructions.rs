//! The instructions of our dispatch under callgrind, with limits: whoever makes it longer finds out here.
//!
//! `scripts/instructions` runs it, and installs the runner that gungraun needs. In come workloads with our peer, set up outside of what is counted; out
//! comes an error if one of them takes more than its limit. A limit is what it took when it was set and a little more, less than one
//! instruction per event where there are many events. Whoever makes it shorter lowers the limit.
//!
//! In `one` and `churn`, half of it is the C library's (`malloc`, `read`, `write`), as Debian 12 has it: another one may need other limits.

#![allow(missing_docs, reason = "the macros write items without")]

use std::hint::black_box;

use eventp_bench::peers::Name;
use eventp_bench::workloads::{self, Subject};
use gungraun::{
    Callgrind, EventKind, LibraryBenchmarkConfig, library_benchmark, library_benchmark_group, main,
};

type Boxed = Box<dyn Subject>;

/// A limit of so many instructions per turn; those of starting and stopping the clock come on top.
fn limit(turns: u64, per_turn: u64) -> LibraryBenchmarkConfig {
    let mut callgrind = Callgrind::default();
    callgrind.hard_limits([(EventKind::Ir, turns * per_turn + 1_000)]);
    let mut config = LibraryBenchmarkConfig::default();
    config.tool(callgrind);
    config
}

/// Sets up our peer, and warms it up.
fn ours(workload: &str, number: usize, turns: u64) -> (Boxed, u64) {
    let workload = workloads::find(workload).unwrap();
    let mut subject = workload.make(number, Name::Ours).unwrap();
    subject.run(10);
    (subject, turns)
}

/// Ends it; the number that it has handled is checked outside of what is counted.
fn end((subject, expected): (Boxed, u64)) {
    assert_eq!(subject.end(), expected, "every event was handled");
}

#[library_benchmark(setup = ours, teardown = end)]
#[bench::ready(args = ("ready", 64, 100), config = limit(100, 64 * 10 + 30))]
#[bench::ports_4(args = ("ports", 4, 100), config = limit(100, 64 * 11 + 43))]
#[bench::ports_6(args = ("ports", 6, 100), config = limit(100, 96 * 11 + 43))]
#[bench::one(args = ("one", 100, 1_000), config = limit(1_000, 90))]
#[bench::churn(args = ("churn", 1_000, 1_000), config = limit(1_000, 194))]
fn dispatch((mut subject, turns): (Boxed, u64)) -> (Boxed, u64) {
    let run = black_box(&mut subject).run(turns);
    let warm = 10 * run.events / turns;
    (subject, warm + run.all_events)
}

library_benchmark_group!(name = ours_group; benchmarks = dispatch);
main!(library_benchmark_groups = ours_group);
