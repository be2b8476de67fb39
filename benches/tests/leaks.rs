//! Workloads lend each other their eventfds. If a loop stayed alive, its epoll instance would be told of each event of the next: every write would
//! take longer. In a process of its own, since other tests have loops too.

use std::fs;

use eventp_bench::measure::{Effort, measure};
use eventp_bench::report::Progress;
use eventp_bench::workloads::{self, Kind};

/// How many epoll instances this process has.
fn epoll_instances() -> usize {
    let entries = fs::read_dir("/proc/self/fd").unwrap();
    let targets = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets.filter(|target| target.to_string_lossy().contains("[eventpoll]")).count()
}

#[test]
fn no_peer_leaves_an_epoll_instance_behind() {
    for workload in workloads::ALL {
        if matches!(workload.kind, Kind::Together { .. }) {
            continue;
        }
        measure(workload, workload.numbers[0], Effort::least(), &mut Progress::silent());
        assert_eq!(epoll_instances(), 0, "after {}", workload.name);
    }
}
