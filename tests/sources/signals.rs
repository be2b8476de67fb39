//! [`Signals`]: who sent which, and the mask before, during and after.

use super::*;

/// The signals that this thread has blocked, as bits.
fn blocked() -> u64 {
    u64::from_str_radix(&status_line("thread-self", "SigBlk"), 16).unwrap()
}

fn bit(signal: i32) -> u64 {
    1 << (signal - 1)
}

/// Sends a signal to this thread alone.
fn raise(signal: i32) {
    // SAFETY: takes no pointer.
    assert_eq!(unsafe { libc::raise(signal) }, 0);
}

fn block(signal: i32) {
    // SAFETY: the set is made of integers; it lives across the calls.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigaddset(&mut set, signal);
        assert_eq!(libc::pthread_sigmask(libc::SIG_BLOCK, &set, std::ptr::null_mut()), 0);
    }
}

#[test]
fn a_kill_says_who_sent_it() {
    alone("signals::a_kill_says_who_sent_it", || {
        let signals = Signals::new(&[libc::SIGUSR1, libc::SIGHUP]).unwrap();
        let child = Child::spawn(&mut sh(&format!("kill -USR1 {}", std::process::id()))).unwrap();
        assert!(readable_within(&signals, 10_000 * MS));
        let signal = signals.read().unwrap();
        assert_eq!((signal.number(), signal.code()), (libc::SIGUSR1, libc::SI_USER));
        assert_eq!(signal.pid(), Some(child.id()));
        let own = status_line("self", "Uid").split_whitespace().next().unwrap().parse().unwrap();
        assert_eq!(signal.uid(), Some(own));
        assert_eq!((signal.value(), signal.child_status()), (None, None));
        assert_eq!(signals.read().unwrap_err().kind(), ErrorKind::WouldBlock);
    });
}

#[test]
fn queued_values_arrive_one_by_one() {
    alone("signals::queued_values_arrive_one_by_one", || {
        let number = libc::SIGRTMIN() + 1;
        let signals = Signals::new(&[number, number]).unwrap();
        for value in [42, -1, 7] {
            let value = libc::sigval { sival_ptr: value as *mut _ };
            // SAFETY: nobody follows the pointer, which is a number.
            assert_eq!(unsafe { libc::sigqueue(std::process::id() as i32, number, value) }, 0);
        }
        let got: Vec<_> = std::iter::from_fn(|| signals.read().ok()).collect();
        let values: Vec<_> = got.iter().map(|it| (it.number(), it.value().unwrap())).collect();
        assert_eq!(values, [(number, 42), (number, -1), (number, 7)]);
        assert!(got.iter().all(|it| it.pid() == Some(std::process::id())), "{got:?}");
    });
}

#[test]
fn sigchld_tells_how_the_child_ended() {
    alone("signals::sigchld_tells_how_the_child_ended", || {
        let signals = Signals::new(&[libc::SIGCHLD]).unwrap();
        let statuses = ["exit 3", "kill -KILL $$", "kill -STOP $$"].map(|script| {
            let mut child = sh(script).spawn().unwrap();
            assert!(readable_within(&signals, 10_000 * MS));
            let signal = signals.read().unwrap();
            assert_eq!(signal.pid(), Some(child.id()));
            child.kill().unwrap();
            child.wait().unwrap();
            if script.contains("STOP") {
                assert!(readable_within(&signals, 10_000 * MS)); // the end of it
                signals.read().unwrap();
            }
            signal.child_status().unwrap()
        });
        assert_eq!(statuses[0].code(), Some(3));
        assert_eq!(statuses[1].signal(), Some(libc::SIGKILL));
        assert_eq!(statuses[2].stopped_signal(), Some(libc::SIGSTOP));
    });
}

#[test]
fn the_mask_is_restored_when_the_last_one_for_a_signal_is_dropped() {
    thread::spawn(|| {
        block(libc::SIGUSR2);
        let before = blocked();
        let first = Signals::new(&[libc::SIGUSR1, libc::SIGUSR2, libc::SIGWINCH]).unwrap();
        let all = bit(libc::SIGUSR1) | bit(libc::SIGUSR2) | bit(libc::SIGWINCH);
        assert_eq!(blocked(), before | all);
        let second = Signals::new(&[libc::SIGUSR1, libc::SIGUSR2]).unwrap();
        drop(first);
        assert_eq!(blocked(), before | bit(libc::SIGUSR1), "the second one still listens");
        drop(second);
        assert_eq!(blocked(), before, "and what was blocked before is blocked still");
    })
    .join()
    .unwrap();
}

#[test]
fn dropped_on_another_thread_it_changes_no_mask() {
    thread::spawn(|| {
        let signals = Signals::new(&[libc::SIGUSR1]).unwrap();
        let other = thread::spawn(move || {
            let before = blocked();
            drop(signals);
            (before, blocked())
        });
        let (before, after) = other.join().unwrap();
        assert_eq!(before, after);
        assert_eq!(blocked() & bit(libc::SIGUSR1), bit(libc::SIGUSR1));
    })
    .join()
    .unwrap();
}

#[test]
fn what_was_not_read_is_gone_when_it_is_dropped_and_what_comes_later_has_its_usual_effect() {
    let name = "signals::what_was_not_read_is_gone_when_it_is_dropped_and_what_comes_later_has_its_usual_effect";
    let outcome = outcome_alone(name, || {
        let queued = libc::SIGRTMIN() + 1;
        let signals = Signals::new(&[libc::SIGTERM, libc::SIGUSR1, queued]).unwrap();
        let other = Signals::new(&[libc::SIGUSR1]).unwrap();
        for signal in [libc::SIGTERM, libc::SIGUSR1, queued, queued, queued] {
            raise(signal);
        }
        assert!(is_readable(&signals));
        drop(signals);
        assert_eq!(other.read().unwrap().number(), libc::SIGUSR1, "somebody still listens");
        fs::write("/dev/stderr", "still alive").unwrap();
        raise(libc::SIGTERM);
    });
    let Output { status, stderr, .. } = outcome.expect("of the other process");
    assert_eq!((status.signal(), stderr), (Some(libc::SIGTERM), b"still alive".to_vec()));
}

#[test]
fn what_cannot_be_read_is_refused_in_clear_words() {
    let before = blocked();
    for (number, words) in [
        (libc::SIGKILL, "`SIGKILL` cannot be blocked"),
        (libc::SIGSTOP, "`SIGSTOP` cannot be blocked"),
        (0, "0 is no number of a signal; use"),
        (-1, "-1 is no number of a signal; use"),
        (32, "32 is no number of a signal; use"), // the C library's own
        (1000, "1000 is no number of a signal; use"),
    ] {
        let error = Signals::new(&[libc::SIGUSR1, number]).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains(words), "{error}");
    }
    assert_eq!(blocked(), before);
}

#[test]
fn edge_triggered_each_batch_of_signals_is_an_event() {
    thread::spawn(|| {
        let mut reactor = Eventp::<Vec<i32>>::new().unwrap();
        let signals = Signals::new(&[libc::SIGUSR1, libc::SIGUSR2]).unwrap();
        reactor
            .on(edge().with_fd(signals), |d| {
                loop {
                    match d.fd.read() {
                        Ok(signal) => d.state.push(signal.number()),
                        Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                        Err(error) => return Err(error),
                    }
                }
            })
            .unwrap();
        let mut seen = Vec::new();
        for _ in 0..2 {
            raise(libc::SIGUSR2);
            raise(libc::SIGUSR1);
            assert_eq!(settle(&mut reactor, &mut seen), 1);
        }
        assert_eq!(seen, [libc::SIGUSR1, libc::SIGUSR2, libc::SIGUSR1, libc::SIGUSR2]);
    })
    .join()
    .unwrap();
}

#[test]
fn made_first_and_sent_to_the_thread_of_the_reactor_it_hears_what_is_sent_to_the_process() {
    let name = "signals::made_first_and_sent_to_the_thread_of_the_reactor_it_hears_what_is_sent_to_the_process";
    alone(name, || {
        let signals = Signals::new(&[libc::SIGTERM]).unwrap();
        let idle = thread::spawn(thread::park); // inherits the block, or SIGTERM would end it all
        let reactor = thread::spawn(move || {
            let mut reactor = Eventp::<i32>::new().unwrap();
            reactor
                .on(interest().read().with_fd(signals), |d| {
                    *d.state = d.fd.read()?.number();
                    Ok(Flow::Stop)
                })
                .unwrap();
            let mut number = 0;
            reactor.run_with(&mut number).unwrap();
            number
        });
        let kill = format!("kill -TERM {}", std::process::id());
        assert!(sh(&kill).status().unwrap().success());
        assert_eq!(reactor.join().unwrap(), libc::SIGTERM);
        idle.thread().unpark();
        idle.join().unwrap();
    });
}

#[test]
fn a_program_that_child_starts_has_them_unblocked_and_inherits_the_rest() {
    alone("signals::a_program_that_child_starts_has_them_unblocked_and_inherits_the_rest", || {
        block(libc::SIGUSR2);
        let signals = Signals::new(&[libc::SIGTERM]).unwrap();
        // Not by way of a shell: some unblock all signals for themselves.
        let mut grep = Command::new("grep");
        grep.args(["SigBlk", "/proc/self/status"]).stdout(Stdio::piped());
        let mask = |line: String| {
            u64::from_str_radix(line.trim().strip_prefix("SigBlk:\t").unwrap(), 16).unwrap()
        };
        // The standard library leaves a program deaf to the signals.
        let by_std = String::from_utf8(grep.output().unwrap().stdout).unwrap();
        assert_eq!(mask(by_std), bit(libc::SIGUSR2) | bit(libc::SIGTERM));
        let mut by_child = move || {
            let mut child = Child::spawn(&mut grep).unwrap();
            mask(child::read_all(child.stdout.take().unwrap()))
        };
        assert_eq!(by_child(), bit(libc::SIGUSR2));

        // A thread keeps the mask that it was started with, whatever becomes of the signals.
        let (gone, has_gone) = std::sync::mpsc::channel::<()>();
        let late = thread::spawn(move || {
            has_gone.recv().unwrap_err();
            assert_eq!(blocked(), bit(libc::SIGUSR2) | bit(libc::SIGTERM));
            by_child()
        });
        drop(signals);
        drop(gone);
        assert_eq!(late.join().unwrap(), bit(libc::SIGUSR2));
    });
}
