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
    let rules = operations.iter().map(|&operation| {
        let is_it =
            SeccompCondition::new(1, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, operation as u64);
        SeccompRule::new(vec![is_it.unwrap()]).unwrap()
    });
    filter([(libc::SYS_epoll_ctl, rules.collect())], errno);
}

fn filter(calls: impl IntoIterator<Item = (i64, Vec<SeccompRule>)>, errno: i32) {
    let filter = SeccompFilter::new(
        calls.into_iter().collect(),
        SeccompAction::Allow,
        SeccompAction::Errno(errno as u32),
        TargetArch::try_from(std::env::consts::ARCH).unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    apply_filter(&program).unwrap();
}

/// Runs a test in a thread of its own, which its filters die with.
pub fn in_thread(test: impl FnOnce() + Send + 'static) {
    thread::spawn(test).join().unwrap();
}
