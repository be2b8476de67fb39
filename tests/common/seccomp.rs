//! System calls that fail on demand, by a seccomp filter: it holds for one thread, and for good.

use std::thread;

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

/// From now on, these system calls of this thread fail with `errno`.
pub fn fail(calls: &[i64], errno: i32) {
    filter(calls.iter().map(|&call| (call, vec![])), errno);
}

/// From now on, these operations of `epoll_ctl` fail with `errno` in this thread.
pub fn fail_epoll_ctl(operations: &[i32], errno: i32) {
    let rules = operations.iter().map(|&operation| when(1, operation));
    filter([(libc::SYS_epoll_ctl, rules.collect())], errno);
}

/// From now on, this thread makes no other calls than these, each by one of its rules if it has any, or the process is killed.
pub fn kill_unless(calls: impl IntoIterator<Item = (i64, Vec<SeccompRule>)>) {
    apply(calls, SeccompAction::KillProcess, SeccompAction::Allow);
}

/// An argument, which is an `int`, has this value.
pub fn when(argument: u8, value: i32) -> SeccompRule {
    let (length, equal) = (SeccompCmpArgLen::Dword, SeccompCmpOp::Eq);
    let condition = SeccompCondition::new(argument, length, equal, u64::from(value as u32));
    SeccompRule::new(vec![condition.unwrap()]).unwrap()
}

/// From now on, these calls of this thread fail with `errno`, by these rules.
pub fn filter(calls: impl IntoIterator<Item = (i64, Vec<SeccompRule>)>, errno: i32) {
    apply(calls, SeccompAction::Allow, SeccompAction::Errno(errno as u32));
}

fn apply(
    calls: impl IntoIterator<Item = (i64, Vec<SeccompRule>)>,
    others: SeccompAction,
    these: SeccompAction,
) {
    let filter = SeccompFilter::new(
        calls.into_iter().collect(),
        others,
        these,
        TargetArch::try_from(std::env::consts::ARCH).unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    apply_filter(&program).unwrap();
}

/// Runs a test in a thread of its own, which its filters die with.
pub fn in_thread(test: impl FnOnce() + Send + 'static) {
    thread::spawn(test).join().unwrap();
}
