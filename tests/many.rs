//! Many at once: 19,000 live fds, and 100,000 subscribers that come and go in one handler.

mod common;
#[path = "model/counting.rs"]
#[allow(unreachable_pub, reason = "shared with the random programs")]
mod counting;

use std::io::Write;

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

#[test]
fn nineteen_thousand_fds_are_all_served_and_all_let_go() {
    const MANY: usize = 19_000;
    let limit = rlimit::increase_nofile_limit((MANY + 500) as u64).unwrap();
    if limit < (MANY + 500) as u64 {
        // What libtest shows of a test that passes is nothing, so past it.
        let reason = "skipped nineteen_thousand_fds: the hard limit of open files is too low\n";
        std::io::stderr().write_all(reason.as_bytes()).unwrap();
        return;
    }
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
