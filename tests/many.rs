//! Many at once: 19,000 live fds, and 100,000 subscribers that come and go in one handler.

mod common;
#[path = "model/counting.rs"]
#[allow(dead_code, unreachable_pub, reason = "shared with the random programs")]
mod counting;

use std::io::Write;
use std::os::fd::{AsFd, BorrowedFd, RawFd};

use common::*;
use eventp::{Doorbell, Eventp, interest};

#[global_allocator]
static ALLOCATOR: counting::Counting = counting::Counting;

#[test]
fn a_hundred_thousand_come_and_go_in_one_handler_and_nothing_is_left() {
    const MANY: usize = 100_000;
    let mut reactor = Eventp::<usize>::new().unwrap();
    let (stream, peer) = pair();
    let (kept, other_peer) = pair();
    let drops = Drops::default();
    reactor
        .on(interest().read().with_fd(stream), move |mut d| {
            drain(d.fd);
            for _ in 0..MANY {
                let fd = With(kept.try_clone()?, drops.guard());
                let key = d.reactor.on(interest().read().with_fd(fd), |_| panic!("deleted"))?;
                d.reactor.delete(key)?;
            }
            *d.state = drops.count();
            std::io::Result::Ok(())
        })
        .unwrap();
    fire(&other_peer); // each of them is ready as soon as it is registered
    let mut dropped = 0;
    let mut turn = |expected| {
        fire(&peer);
        reactor.run_once_with(&mut dropped, LONG).unwrap();
        assert_eq!((dropped, reactor.len()), (expected, 1));
    };
    turn(MANY);
    let before = counting::bytes();
    turn(2 * MANY);
    let more = counting::bytes() - before;
    assert!(more < 10_000, "the second time leaves {more} bytes");
    assert_eq!(settle(&mut reactor, &mut dropped), 0);
}

/// Much more than the reactor's own memory grows by meanwhile.
const SIZE: usize = 10_000;

#[test]
fn what_is_parked_for_ghosts_is_freed_by_the_rebuild() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let (open_file, peer) = pair();
    let numbers: Vec<_> = (0..20).map(|_| high_number()).collect();
    let leave_ghosts = |reactor: &mut Eventp<()>| {
        for &number in &numbers {
            dup2(&open_file, number);
            let fd = Large(number, [0; SIZE]);
            let key = reactor.on(interest().read().with_fd(fd), |_| panic!("a ghost")).unwrap();
            close_behind(number);
            reactor.delete(key).unwrap();
        }
    };
    let before = counting::bytes();
    leave_ghosts(&mut reactor);
    assert!(counting::bytes() - before > 20 * SIZE as isize, "they may still be reported");
    fire(&peer);
    reactor.run_once_with(&mut (), LONG).unwrap();
    let left = counting::bytes() - before;
    assert!(left < SIZE as isize, "{left} bytes are left after the rebuild");
    leave_ghosts(&mut reactor);
    drop(reactor);
    assert!(counting::bytes() < before, "or by the end of the reactor");
}

/// A number with something large to carry.
struct Large(RawFd, [u8; SIZE]);

impl AsFd for Large {
    fn as_fd(&self) -> BorrowedFd<'_> {
        assert_eq!(self.1[0], 0);
        // SAFETY: open when it is registered, which is when it is asked.
        unsafe { BorrowedFd::borrow_raw(self.0) }
    }
}

#[test]
fn nineteen_thousand_fds_are_all_served_and_all_let_go() {
    const MANY: usize = 19_000;
    let limit = rlimit::increase_nofile_limit((MANY + 500) as u64).unwrap();
    if limit < (MANY + 500) as u64 {
        // libtest shows nothing of a test that passes, so past it.
        let reason = "skipped nineteen_thousand_fds: the hard limit of open files is too low\n";
        std::io::stderr().write_all(reason.as_bytes()).unwrap();
        return;
    }
    alone("nineteen_thousand_fds_are_all_served_and_all_let_go", serve::<MANY>);
}

fn serve<const MANY: usize>() {
    let mut reactor = Eventp::<Vec<u32>>::new().unwrap();
    let mut keys = Vec::with_capacity(MANY);
    for nth in 0..MANY {
        let bell = Doorbell::new().unwrap();
        bell.ring().unwrap();
        let source = interest().read().edge_triggered().with_fd(bell);
        keys.push(reactor.on(source, move |d| d.state[nth] += 1).unwrap());
    }
    let mut calls = vec![0; MANY];
    assert_eq!(settle(&mut reactor, &mut calls), MANY);
    assert!(calls.iter().all(|&calls| calls == 1), "each once");
    for key in keys.iter().step_by(2) {
        reactor.delete(*key).unwrap();
    }
    for key in keys.iter().skip(1).step_by(2) {
        reactor.modify(*key, interest().read().oneshot()).unwrap(); // still readable
    }
    assert_eq!(settle(&mut reactor, &mut calls), MANY / 2);
    assert!(calls.iter().enumerate().all(|(nth, &calls)| calls == 1 + nth as u32 % 2));
    drop(reactor);
    Doorbell::new().unwrap();
}
