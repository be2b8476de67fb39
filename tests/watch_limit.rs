//! `ENOSPC`: the limit in `/proc/sys/fs/epoll/max_user_watches` is reached.
//!
//! The limit itself belongs to the machine and counts in millions, so the errno comes from a seccomp filter, which holds for one thread
//! and for good.

mod common;
#[path = "common/seccomp.rs"]
#[allow(dead_code, unreachable_pub, reason = "each test binary uses a part of it")]
mod seccomp;

use std::io::ErrorKind;
use std::os::fd::AsRawFd;

use common::*;
use eventp::{Eventp, interest};

/// From now on, `EPOLL_CTL_ADD` in this thread fails with `ENOSPC`.
fn no_watch_left() {
    seccomp::fail_epoll_ctl(&[libc::EPOLL_CTL_ADD], libc::ENOSPC);
}

#[test]
fn the_refused_fd_is_named_and_what_was_registered_works_on() {
    seccomp::in_thread(|| {
        let (stream, peer) = pair();
        let mut reactor = Eventp::<u32>::new().unwrap();
        let key = reactor
            .on(interest().read().with_fd(stream), |mut d| {
                *d.state += 1;
                drain(d.fd);
                // From inside of a handler it is that handler's business, not the end of the loop.
                let refused = d.reactor.on(interest().with_fd(pair().0), |_| ()).unwrap_err();
                assert_eq!(refused.kind(), ErrorKind::StorageFull);
            })
            .unwrap();
        no_watch_left();

        let (refused, _peer) = pair();
        let text = format!("add of fd {}", refused.as_raw_fd());
        let subscriber = interest().read().with_fd(refused).with_handler(|_| ());
        let (subscriber, error) = reactor.try_add(subscriber).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::StorageFull);
        for part in [text.as_str(), "max_user_watches", "raise it or delete subscribers"] {
            assert!(error.to_string().contains(part), "{error}");
        }
        drop(subscriber);

        fire(&peer);
        let mut calls = 0;
        assert_eq!(settle(&mut reactor, &mut calls), 1);
        reactor.modify(key, interest().read().write()).unwrap();
        reactor.delete(key).unwrap();
        assert!(reactor.is_empty());
    });
}

#[test]
fn a_rebuild_that_finds_no_watch_is_told_once_and_the_old_instance_works_on() {
    seccomp::in_thread(|| {
        let (stream, peer) = pair();
        let mut reactor = Eventp::<Vec<String>>::new().unwrap();
        reactor.on_error(|error, told: &mut Vec<String>| {
            assert_eq!(error.kind(), ErrorKind::StorageFull);
            told.push(error.to_string());
        });
        reactor.on(interest().read().with_fd(stream), |d| _ = drain(d.fd)).unwrap();
        // A ghost: readable for ever, and its number closed.
        let (open_file, ghost_peer) = pair();
        let stream = at(high_number(), open_file.try_clone().unwrap());
        let number = stream.as_raw_fd();
        let key = reactor.on(interest().read().with_fd(stream), |_| panic!("a ghost")).unwrap();
        close_behind(number);
        dup2(&pair().0, number); // so that dropping the subscriber closes something
        reactor.delete(key).unwrap();
        fire(&ghost_peer);
        no_watch_left();

        let mut told = Vec::new();
        for _ in 0..5 {
            fire(&peer);
            let mut handled = 0;
            while handled == 0 {
                handled = reactor.run_once_with(&mut told, LONG).unwrap();
            }
            assert_eq!(handled, 1);
        }
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].starts_with("rebuild of fd"), "{}", told[0]);
    });
}
