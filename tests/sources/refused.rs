//! Kernels that are too old, and seccomp filters: the error names the call and says what to do.
//!
//! A filter holds for one thread and for good, so each test has a thread of its own.

use std::collections::BTreeMap;

use eventp::Error;
use libc::c_long;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, apply_filter,
};

use super::*;

/// From now on, calls in this thread that fit a rule fail with `errno`; a call without rules always does.
fn refuse(call: c_long, rules: Vec<SeccompRule>, errno: i32) {
    let filter = SeccompFilter::new(
        BTreeMap::from([(call, rules)]),
        SeccompAction::Allow,
        SeccompAction::Errno(errno as u32),
        TargetArch::try_from(env::consts::ARCH).unwrap(),
    );
    let program: BpfProgram = filter.unwrap().try_into().unwrap();
    apply_filter(&program).unwrap();
}

/// Where an argument has this value.
fn when(argument: u8, value: u64) -> SeccompRule {
    let (length, equal) = (SeccompCmpArgLen::Dword, SeccompCmpOp::Eq);
    let condition = SeccompCondition::new(argument, length, equal, value).unwrap();
    SeccompRule::new(vec![condition]).unwrap()
}

/// What an operation says when a call is refused.
fn error_without<T: std::fmt::Debug + Send + 'static>(
    call: c_long,
    errno: i32,
    operation: fn() -> io::Result<T>,
) -> io::Error {
    let refused = thread::spawn(move || {
        refuse(call, vec![], errno);
        operation().unwrap_err()
    });
    refused.join().unwrap()
}

fn assert_clear(error: io::Error, kind: ErrorKind, call: &str, remedy: &str) {
    let text = error.to_string();
    assert!(text.starts_with(&format!("{call}: ")) && text.contains(remedy), "{text}");
    assert_eq!(error.kind(), kind);
    assert_eq!(error.downcast::<Error>().unwrap().operation(), call);
}

#[test]
fn a_timer() {
    let remedy = "; a seccomp filter refuses this call; allow it there";
    for (errno, kind) in
        [(libc::EPERM, ErrorKind::PermissionDenied), (libc::ENOSYS, ErrorKind::Unsupported)]
    {
        let error = error_without(libc::SYS_timerfd_create, errno, Timer::new);
        assert_clear(error, kind, "timerfd_create", remedy);
        let error = error_without(libc::SYS_timerfd_settime, errno, || Timer::once(MS));
        assert_clear(error, kind, "timerfd_settime", remedy);
        let error =
            error_without(libc::SYS_timerfd_gettime, errno, || Timer::once(MS)?.remaining());
        assert_clear(error, kind, "timerfd_gettime", remedy);
    }
}

#[test]
fn signals_of_which_none_stays_blocked() {
    let refused = error_without(libc::SYS_signalfd4, libc::EPERM, || {
        let before = status_line("thread-self", "SigBlk");
        let result = Signals::new(&[libc::SIGUSR1]);
        assert_eq!(status_line("thread-self", "SigBlk"), before);
        result
    });
    assert_clear(refused, ErrorKind::PermissionDenied, "signalfd4", "; a seccomp filter");
    let refused = thread::spawn(|| {
        // Only that: sanitizers change the mask at the end of a thread.
        let block = when(0, libc::SIG_BLOCK as u64);
        refuse(libc::SYS_rt_sigprocmask, vec![block], libc::EPERM);
        Signals::new(&[libc::SIGUSR1]).unwrap_err()
    });
    let refused = refused.join().unwrap();
    assert_clear(refused, ErrorKind::PermissionDenied, "rt_sigprocmask", "; a seccomp filter");
}

#[test]
fn a_child_of_which_nothing_stays_behind() {
    for (errno, kind, remedy) in [
        (libc::ENOSYS, ErrorKind::Unsupported, "; this call needs Linux 5.3 or later"),
        (libc::EPERM, ErrorKind::PermissionDenied, "; a seccomp filter refuses this call"),
    ] {
        let error = error_without(libc::SYS_pidfd_open, errno, || {
            let result = Child::spawn(&mut sh("exec sleep 1000"));
            let children = fs::read_to_string("/proc/thread-self/children").unwrap();
            assert_eq!(children, "", "what was started is gone");
            result
        });
        assert_clear(error, kind, "pidfd_open", remedy);
    }
}

#[test]
fn a_child_of_the_standard_library_is_given_back() {
    thread::spawn(|| {
        refuse(libc::SYS_pidfd_open, vec![], libc::ENOSYS);
        let std = sh("exec sleep 1000").spawn().unwrap();
        let (mut std, error) = Child::from_std(std).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert_eq!(std.try_wait().unwrap(), None);
        std.kill().unwrap();
        std.wait().unwrap();
    })
    .join()
    .unwrap();
}

#[test]
fn waiting_by_pidfd() {
    let error = error_without(libc::SYS_waitid, libc::EINVAL, || {
        let mut child = Child::spawn(&mut sh("exit 0"))?;
        assert!(readable_within(&child, 20_000 * MS));
        child.read()
    });
    assert_clear(error, ErrorKind::InvalidInput, "waitid", "; to wait by a pidfd needs Linux 5.4");
}

#[test]
fn signalling_a_child_that_is_none_of_ours_to_signal() {
    let refused = thread::spawn(|| {
        let mut child = Child::spawn(&mut sh("exec sleep 1000")).unwrap();
        // Only that: it is killed in the end.
        refuse(libc::SYS_pidfd_send_signal, vec![when(1, libc::SIGTERM as u64)], libc::EPERM);
        let refused = child.kill(libc::SIGTERM).unwrap_err();
        child.kill(libc::SIGKILL).unwrap();
        assert!(readable_within(&child, 20_000 * MS));
        child.read().unwrap();
        refused
    });
    let refused = refused.join().unwrap();
    let remedy = "; the child runs as another user, or a seccomp filter refuses this call";
    assert_clear(refused, ErrorKind::PermissionDenied, "pidfd_send_signal", remedy);
}

/// As a kernel before 6.9 answers to a flag that it does not know.
fn refuse_group_flag() {
    refuse(libc::SYS_pidfd_send_signal, vec![when(3, 4)], libc::EINVAL);
}

#[test]
fn before_linux_6_9_a_group_is_signalled_by_number_as_long_as_that_is_its_own() {
    thread::spawn(|| {
        refuse_group_flag();
        let mut child = Child::spawn(sh("exec sleep 1000").process_group(0)).unwrap();
        assert_eq!(child.kill_group(1000).unwrap_err().kind(), ErrorKind::InvalidInput);
        child.kill_group(libc::SIGTERM).unwrap();
        assert!(readable_within(&child, 20_000 * MS));
        child.kill_group(0).unwrap(); // a zombie keeps the number
        assert_eq!(child.read().unwrap().signal(), Some(libc::SIGTERM));
        let error = child.kill_group(0).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains("Linux 6.9"), "{error}");
    })
    .join()
    .unwrap();
}
