//! [`Child`]: how it ended, once; its pipes; its group; and what becomes of one that is dropped.

use std::io::Read;
use std::os::fd::OwnedFd;
use std::process::ChildStdout;

use super::*;

/// Reads a non-blocking pipe to its end.
pub(super) fn read_all(pipe: impl Into<OwnedFd>) -> String {
    let mut pipe = fs::File::from(pipe.into());
    let mut text = String::new();
    loop {
        assert!(readable_within(&pipe, 20_000 * MS));
        match pipe.read_to_string(&mut text) {
            Ok(_) => return text,
            Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
        }
    }
}

/// Waits for the end.
fn end(child: &mut Child) -> std::process::ExitStatus {
    assert!(readable_within(&*child, 20_000 * MS), "{child:?}");
    child.read().unwrap()
}

fn spawn(script: &str) -> Child {
    Child::spawn(&mut sh(script)).unwrap()
}

#[test]
fn the_status_is_given_when_it_has_ended_and_as_often_as_it_is_asked_for() {
    for (script, code, signal) in
        [("exit 0", Some(0), None), ("exit 255", Some(255), None), ("kill -9 $$", None, Some(9))]
    {
        let mut child = spawn(script);
        let status = end(&mut child);
        assert_eq!((status.code(), status.signal()), (code, signal), "{script}");
        assert_eq!(child.read().unwrap(), status);
        assert!(!Path::new(&format!("/proc/{}", child.id())).exists(), "a zombie");
        child.kill(libc::SIGKILL).unwrap(); // reaches nobody
    }
}

#[test]
fn while_it_runs_there_is_no_status_and_a_signal_ends_it() {
    let mut child = spawn("exec sleep 1000");
    assert_eq!(child.read().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert!(!is_readable(&child));
    let error = child.kill(1000).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("no such signal"), "{error}");
    child.kill(0).unwrap();
    child.kill(libc::SIGTERM).unwrap();
    assert_eq!(end(&mut child).signal(), Some(libc::SIGTERM));
}

#[subscriber(interest = read)]
struct Job {
    #[fd]
    child: Child,
}

#[handler]
impl Job {
    #[on(readable)]
    fn ended(&mut self, codes: &mut Vec<i32>) -> io::Result<Flow> {
        codes.push(self.child.read()?.code().unwrap());
        Ok(Flow::Remove)
    }
}

#[test]
fn two_hundred_at_once_are_told_apart() {
    let mut reactor = Eventp::<Vec<i32>>::new().unwrap();
    for code in 0..200 {
        let child = spawn(&format!("sleep 0.0{}; exit {code}", code % 10));
        Job { child }.register_into(&mut reactor).unwrap();
    }
    let mut codes = Vec::new();
    while !reactor.is_empty() {
        assert_ne!(reactor.run_once_with(&mut codes, LONG).unwrap(), 0);
    }
    codes.sort_unstable();
    assert_eq!(codes, (0..200).collect::<Vec<_>>());
}

#[subscriber]
struct Talker {
    #[fd(interest = read | edge_triggered)]
    child: Child,
    #[fd(interest = read | edge_triggered)]
    stdout: Option<ChildStdout>,
    said: String,
}

#[handler]
impl Talker {
    #[on(stdout)]
    fn said(
        &mut self,
        key: Key,
        port: Port,
        mut reactor: Pinned<'_, impl EventpOps>,
    ) -> io::Result<()> {
        assert!(Talker::STDOUT.contains(port));
        let Some(stdout) = &mut self.stdout else { return Ok(()) };
        match stdout.read_to_string(&mut self.said) {
            Ok(_) => reactor.disarm(key, Talker::STDOUT),
            Err(error) if error.kind() == ErrorKind::WouldBlock => Ok(()),
            Err(error) => Err(error),
        }
    }

    #[on(child)]
    fn ended(&mut self, log: &mut Vec<String>) -> io::Result<()> {
        log.push(format!("{} {}", self.child.read()?, self.said));
        Ok(())
    }
}

#[test]
fn a_child_and_its_pipe_are_one_subscriber_and_edge_triggered_the_end_is_one_event() {
    let mut command = sh("echo one; sleep 0.05; echo two; exec >&-; sleep 0.1; exit 4");
    let mut child = Child::spawn(command.stdout(Stdio::piped())).unwrap();
    let mut stdout = child.stdout.take();
    let early = stdout.as_mut().unwrap().read(&mut [0; 0]); // non-blocking: of nothing, nothing
    assert!(early.is_ok());
    let mut reactor = Eventp::<Vec<String>>::new().unwrap();
    Talker { child, stdout, said: String::new() }.register_into(&mut reactor).unwrap();
    let mut log = Vec::new();
    while log.is_empty() {
        reactor.run_once_with(&mut log, LONG).unwrap();
    }
    assert_eq!(log, ["exit status: 4 one\ntwo\n"]);
    // Newer kernels report once more that the process has been waited for.
    let more = settle(&mut reactor, &mut log);
    assert!(more <= 1, "{more} events");
}

#[test]
fn all_its_pipes_are_non_blocking() {
    let mut command = sh("exec sleep 1000");
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = Child::spawn(&mut command).unwrap();
    let mut buffer = [0; 8];
    let read = child.stdout.as_mut().unwrap().read(&mut buffer);
    assert_eq!(read.unwrap_err().kind(), ErrorKind::WouldBlock);
    let read = child.stderr.as_mut().unwrap().read(&mut buffer);
    assert_eq!(read.unwrap_err().kind(), ErrorKind::WouldBlock);
    let stdin = child.stdin.as_mut().unwrap();
    let error = loop {
        if let Err(error) = io::Write::write(stdin, &[0; 4096]) {
            break error;
        }
    };
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    child.kill(libc::SIGKILL).unwrap();
    end(&mut child);
}

#[test]
fn one_of_the_standard_library_is_taken_over_while_it_runs() {
    let std = sh("read word; exit 6").stdin(Stdio::piped()).spawn().unwrap();
    let id = std.id();
    let mut child = Child::from_std(std).unwrap();
    assert_eq!(child.id(), id);
    assert_eq!(child.read().unwrap_err().kind(), ErrorKind::WouldBlock);
    drop(child.stdin.take());
    assert_eq!(end(&mut child).code(), Some(6));
}

#[test]
fn one_that_was_waited_for_already_is_readable_all_the_same_and_nobody_gets_its_signals() {
    let mut std = sh("exit 6").spawn().unwrap();
    std.wait().unwrap();
    let child = Child::from_std(std).unwrap();
    child.kill(libc::SIGKILL).unwrap();
    assert_eq!(child.kill_group(libc::SIGKILL).unwrap_err().kind(), ErrorKind::NotFound);
    let mut reactor = Eventp::<Vec<i32>>::new().unwrap();
    Job { child }.register_into(&mut reactor).unwrap();
    let mut codes = Vec::new();
    reactor.run_once_with(&mut codes, LONG).unwrap();
    assert_eq!(codes, [6]);
}

#[test]
fn one_that_is_dropped_while_it_runs_lives_on_and_leaves_no_zombie() {
    let mut child = Child::spawn(sh("read word").stdin(Stdio::piped())).unwrap();
    let (pid, stdin) = (child.id(), child.stdin.take());
    let proc = format!("/proc/{pid}");
    drop(child);
    assert!(is_alive(pid));
    drop(stdin);
    eventually("it has ended", || !is_alive(pid));
    end(&mut spawn("exit 0")); // the next one that is started or dropped sees to it
    assert!(!Path::new(&proc).exists(), "a zombie");
}

#[test]
fn one_that_is_dropped_after_its_end_leaves_no_zombie() {
    let child = spawn("exit 0");
    assert!(readable_within(&child, 20_000 * MS));
    let proc = format!("/proc/{}", child.id());
    assert!(Path::new(&proc).exists());
    drop(child);
    assert!(!Path::new(&proc).exists(), "a zombie");
}

/// A group of two: the child, and a `sleep` that it has started.
fn family(script: &str) -> (Child, u32) {
    let mut command = sh(&format!("sleep 1000 >&- & echo $!; exec >&-; {script}"));
    let mut child = Child::spawn(command.stdout(Stdio::piped()).process_group(0)).unwrap();
    let grandchild = read_all(child.stdout.take().unwrap()).trim().parse().unwrap();
    assert!(is_alive(grandchild));
    (child, grandchild)
}

#[test]
fn a_signal_to_the_group_reaches_what_the_child_has_started() {
    let (mut child, grandchild) = family("wait");
    child.kill_group(libc::SIGTERM).unwrap();
    assert_eq!(end(&mut child).signal(), Some(libc::SIGTERM));
    eventually("the grandchild ends", || !is_alive(grandchild));
}

#[test]
fn a_signal_to_the_group_reaches_those_who_outlive_the_child() {
    let (mut child, grandchild) = family("exit 1");
    assert_eq!(end(&mut child).code(), Some(1));
    assert!(is_alive(grandchild));
    match child.kill_group(libc::SIGTERM) {
        Ok(()) => eventually("the grandchild ends", || !is_alive(grandchild)),
        // Before Linux 6.9; `refused.rs` has the rest of that.
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unsupported),
    }
}

#[test]
fn a_child_that_leads_no_group_is_not_found_as_one() {
    let child = spawn("exec sleep 1000");
    let error = child.kill_group(libc::SIGTERM).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert!(error.to_string().contains("process_group(0)"), "{error}");
    assert!(is_alive(child.id()));
    child.kill(libc::SIGKILL).unwrap();
}

#[test]
fn that_somebody_else_has_waited_for_it_is_said_and_nobody_gets_its_signals() {
    let mut child = spawn("exit 0");
    // SAFETY: a null stands for a status that is not wanted.
    let waited = unsafe { libc::waitpid(child.id() as i32, std::ptr::null_mut(), 0) };
    assert_eq!(waited as u32, child.id());
    let error = child.read().unwrap_err();
    assert!(error.to_string().contains("somebody else has waited for the child"), "{error}");
    child.kill(libc::SIGKILL).unwrap();
    child.kill_group(libc::SIGKILL).unwrap_err();
}
