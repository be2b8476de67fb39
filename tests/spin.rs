//! The spin detector: who is accused, once, and who is not.
#![cfg(any(debug_assertions, feature = "spin-detector"))]

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::os::fd::AsFd;
use std::time::Duration;

use common::NOW;
use eventp::{Dispatch, Doorbell, Eventp, FdSource, Flow, interest};

const TURNS: u32 = 3_000;

/// Runs so many turns and says what the hook was told.
fn told_of<Fd: AsFd + 'static>(
    source: FdSource<Fd>,
    mut handler: impl FnMut(&mut Fd) + 'static,
) -> Vec<String> {
    let mut reactor = Eventp::<Vec<String>>::new().unwrap();
    reactor.on_error(|error, told| {
        assert_eq!((error.operation(), error.kind()), ("spin", ErrorKind::ResourceBusy));
        told.push(error.to_string());
    });
    reactor.on(source, move |d: Dispatch<'_, Fd, _>| handler(d.fd)).unwrap();
    let mut told = Vec::new();
    for _ in 0..TURNS {
        reactor.run_once_with(&mut told, NOW).unwrap();
    }
    told
}

#[test]
fn a_handler_that_reads_nothing_is_told_of_once_with_its_fd_and_type() {
    let (ours, theirs) = common::pair();
    common::fire(&theirs);
    let number = std::os::fd::AsRawFd::as_raw_fd(&ours);
    let told = told_of(interest().read().with_fd(ours), |_| ());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].contains(&format!("fd {number} (`")) && told[0].contains("UnixStream"));
    assert!(told[0].contains("1,000 turns in a row"), "{told:?}");
}

#[test]
fn a_hang_up_that_nobody_heeds_is_told_of() {
    let (ours, theirs) = common::pair();
    drop(theirs);
    let told = told_of(interest().with_fd(ours), |_| ());
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn interest_in_writing_without_anything_to_write_is_told_of() {
    let (ours, _theirs) = common::pair();
    let told = told_of(interest().write().with_fd(ours), |_| ());
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn a_listener_that_does_not_accept_is_told_of() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let told = told_of(interest().read().with_fd(listener), |_| ());
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn an_eventfd_that_is_not_read_is_told_of() {
    let bell = Doorbell::new().unwrap();
    bell.ring().unwrap();
    let told = told_of(interest().read().with_fd(bell), |_| ());
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn a_stream_that_another_thread_keeps_full_and_that_is_read_is_not() {
    let (ours, theirs) = common::pair();
    theirs.set_nonblocking(false).unwrap();
    let writer = std::thread::spawn(move || while (&theirs).write_all(&[0; 4096]).is_ok() {});
    let told = told_of(interest().read().with_fd(ours), |stream| {
        _ = stream.read(&mut [0; 1024]);
    });
    writer.join().unwrap();
    assert_eq!(told, [""; 0]);
}

#[test]
fn a_stream_that_is_read_bit_by_bit_is_not() {
    let (ours, theirs) = common::pair();
    (&theirs).write_all(&[0; TURNS as usize * 2]).unwrap();
    let told = told_of(interest().read().with_fd(ours), |stream| {
        assert_eq!(stream.read(&mut [0; 1]).unwrap(), 1);
    });
    assert_eq!(told, [""; 0]);
}

#[test]
fn neither_is_one_that_sleeps_between_its_events_nor_one_that_is_edge_triggered() {
    let (ours, theirs) = common::pair();
    common::fire(&theirs);
    let told = told_of(common::edge().with_fd(ours), |_| ());
    assert_eq!(told, [""; 0]);
}

#[cfg(feature = "macros")]
mod of_several_fds {
    use std::os::fd::AsRawFd;
    use std::os::unix::net::UnixStream;

    use super::*;
    use eventp::{Register, handler, subscriber};

    #[subscriber]
    struct Twins {
        #[fd(interest = read)]
        reader: UnixStream,
        #[fd(interest = read)]
        idler: UnixStream,
    }

    #[handler]
    impl Twins {
        #[on(reader)]
        fn read(&mut self) {
            common::drain(&self.reader);
        }

        #[on(idler)]
        fn idle(&mut self) {}
    }

    #[test]
    fn the_one_that_spins_is_told_of_by_its_number_and_type_and_the_other_is_not() {
        let ((reader, busy), (idler, peer)) = (common::pair(), common::pair());
        let number = idler.as_raw_fd();
        let mut reactor = Eventp::<Vec<String>>::new().unwrap();
        reactor.on_error(|error, told| told.push(error.to_string()));
        Twins { reader, idler }.register_into(&mut reactor).unwrap();
        common::fire(&peer);
        let mut told = Vec::new();
        for _ in 0..TURNS {
            common::fire(&busy);
            assert_eq!(reactor.run_once_with(&mut told, NOW).unwrap(), 2);
        }
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains(&format!("fd {number} (")) && told[0].contains("Twins"),
            "{told:?}"
        );
    }
}

#[test]
fn without_a_hook_no_run_call_fails() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let (ours, theirs) = common::pair();
    common::fire(&theirs);
    reactor
        .on(interest().read().with_fd(ours), |d| {
            *d.state += 1;
            if *d.state < TURNS { Flow::Keep } else { Flow::Stop }
        })
        .unwrap();
    let mut turns = 0;
    reactor.run_with(&mut turns).unwrap();
    assert_eq!(turns, TURNS);
    assert_eq!(reactor.run_once_with(&mut turns, Some(Duration::ZERO)).unwrap(), 1);
}

/// In a process of its own, whose standard error cannot be written.
#[test]
fn and_none_panics_though_standard_error_is_a_full_disk() {
    let test = std::env::current_exe().unwrap();
    let full = std::fs::File::options().write(true).open("/dev/full").unwrap();
    let status = std::process::Command::new(test)
        .args(["--exact", "without_a_hook_no_run_call_fails", "--nocapture"])
        .stdout(std::process::Stdio::null())
        .stderr(full)
        .status()
        .unwrap();
    assert!(status.success());
}
