//! What happens between two turns: triggers, and the hook before the reactor sleeps.

mod common;

use std::cell::Cell;
use std::io::ErrorKind;
use std::rc::Rc;
use std::time::Duration;

use common::NOW;
use eventp::{Eventp, Flow, Sleep, event, interest};

mod a_trigger {
    use super::*;

    #[test]
    fn calls_a_handler_whose_fd_is_not_ready_with_the_event_that_was_made_up() {
        let mut reactor = Eventp::<Vec<String>>::new().unwrap();
        let (ours, _theirs) = common::pair();
        let source = interest().read().with_fd(ours);
        let key = reactor.on(source, |d| d.state.push(format!("{:?}", d.event))).unwrap();
        reactor.trigger(key, event().readable().read_closed()).unwrap();
        let mut seen = Vec::new();
        // It does not sleep, though nothing is ready.
        assert_eq!(reactor.run_once_with(&mut seen, None).unwrap(), 1);
        assert_eq!(reactor.run_once_with(&mut seen, NOW).unwrap(), 0);
        assert_eq!(seen, ["readable | read_closed"]);
    }

    #[test]
    fn of_its_own_port_in_every_call_keeps_no_fd_waiting() {
        let mut reactor = Eventp::<(u32, Option<u32>)>::new().unwrap();
        let (ours, _theirs) = common::pair();
        let key = reactor
            .on(interest().read().with_fd(ours), |mut d| {
                d.state.0 += 1;
                d.reactor.trigger(d.key, event().readable())
            })
            .unwrap();
        let (other, theirs) = common::pair();
        reactor
            .on(interest().read().with_fd(other), |d| {
                d.state.1 = Some(d.state.0);
                Flow::Stop
            })
            .unwrap();
        reactor.trigger(key, event().readable()).unwrap();
        common::fire(&theirs);
        let mut state = (0, None);
        reactor.run_with(&mut state).unwrap();
        assert_eq!(state.1, Some(1), "the fd had its turn after the first");
    }

    #[test]
    fn of_who_is_deleted_first_calls_nobody() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let pairs = [(); 4].map(|()| common::pair());
        let [one, two, three, four] = pairs.map(|(ours, theirs)| common::With(ours, theirs));
        let keys = [one, two, three]
            .map(|idle| reactor.on(interest().read().with_fd(idle), |d| *d.state += 1).unwrap());
        let (first, second) = (keys[0], keys[1]);
        let source = interest().read().with_fd(four);
        let killer = reactor.on(source, move |mut d| d.reactor.delete(second)).unwrap();
        for key in [first, killer, second, keys[2]] {
            reactor.trigger(key, event().readable()).unwrap();
        }
        reactor.delete(first).unwrap();
        let mut calls = 0;
        common::settle(&mut reactor, &mut calls);
        assert_eq!(calls, 1);
        assert_eq!(reactor.trigger(first, event()).unwrap_err().kind(), ErrorKind::NotFound);
    }

    #[test]
    fn is_the_one_shot_of_a_one_shot_port() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let (ours, theirs) = common::pair();
        let source = interest().read().oneshot().with_fd(ours);
        let key = reactor.on(source, |d| *d.state += 1).unwrap();
        reactor.trigger(key, event().readable()).unwrap();
        let mut calls = 0;
        common::settle(&mut reactor, &mut calls);
        assert_eq!(calls, 1);
        let error = reactor.trigger(key, event().readable()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("fired its one shot"), "{error}");
        // What the kernel reports meanwhile is there when it is re-armed.
        common::fire(&theirs);
        common::settle(&mut reactor, &mut calls);
        assert_eq!(calls, 1);
        reactor.modify(key, interest().read().oneshot()).unwrap();
        common::settle(&mut reactor, &mut calls);
        assert_eq!(calls, 2);
    }

    #[test]
    fn of_more_ports_than_a_batch_has_room_for_calls_them_all_even_through_a_panic() {
        let mut reactor = Eventp::<Vec<u32>>::builder().capacity(4).build().unwrap();
        for nth in 0..10 {
            let (ours, theirs) = common::pair();
            let source = interest().read().with_fd(common::With(ours, theirs));
            let key = reactor
                .on(source, move |d| {
                    d.state.push(nth);
                    assert_ne!(nth, 5, "as told");
                })
                .unwrap();
            reactor.trigger(key, event().readable()).unwrap();
        }
        let mut called = Vec::new();
        assert!(common::panics(|| common::settle(&mut reactor, &mut called)));
        common::settle(&mut reactor, &mut called);
        assert_eq!(called, (0..10).collect::<Vec<_>>());
    }
}

mod the_hook_before_sleep {
    use super::*;

    #[test]
    fn is_called_before_each_wait_that_may_sleep_and_before_no_other() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        reactor.before_sleep(|calls, _| {
            *calls += 1;
            Sleep::Allow
        });
        let mut calls = 0;
        reactor.run_once_with(&mut calls, Some(Duration::from_millis(1))).unwrap();
        assert_eq!(calls, 1);
        reactor.run_once_with(&mut calls, NOW).unwrap();
        assert_eq!(calls, 1);
    }

    #[test]
    fn can_keep_the_reactor_awake() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        reactor.before_sleep(|calls, mut reactor| {
            *calls += 1;
            if *calls == 10 {
                reactor.stop();
            }
            Sleep::Skip
        });
        let mut calls = 0;
        reactor.run_with(&mut calls).unwrap(); // would sleep for ever
        assert_eq!(calls, 10);
    }

    #[test]
    fn that_stops_or_triggers_or_adds_what_is_ready_is_heeded_though_it_allows_sleep() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let added = Cell::new(false);
        reactor.before_sleep(move |_, mut reactor| {
            if !added.replace(true) {
                let (ours, theirs) = common::pair();
                common::fire(&theirs);
                let key = reactor
                    .on(interest().read().edge_triggered().with_fd((ours, theirs).0), |d| {
                        *d.state += 1;
                    })
                    .unwrap();
                reactor.trigger(key, event().readable()).unwrap();
            } else {
                reactor.stop();
            }
            Sleep::Allow
        });
        let mut calls = 0;
        reactor.run_with(&mut calls).unwrap();
        assert!(calls >= 1);
    }

    #[test]
    fn does_not_keep_the_reactor_awake_for_a_stop_that_run_once_has_heeded() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        reactor.before_sleep(|calls, _| {
            *calls += 1;
            Sleep::Allow
        });
        reactor.stop();
        let mut calls = 0;
        reactor.run_once_with(&mut calls, None).unwrap();
        assert_eq!(calls, 0, "it does not sleep");
        let begin = std::time::Instant::now();
        reactor.run_once_with(&mut calls, Some(Duration::from_millis(200))).unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(200));
        assert_eq!(calls, 1);
        // One that the hook asks for is heeded once, too.
        reactor.before_sleep(|calls, mut reactor| {
            *calls += 1;
            if *calls == 2 {
                reactor.stop();
            }
            Sleep::Allow
        });
        reactor.run_once_with(&mut calls, None).unwrap();
        let begin = std::time::Instant::now();
        reactor.run_once_with(&mut calls, Some(Duration::from_millis(200))).unwrap();
        assert!(begin.elapsed() >= Duration::from_millis(200));
        assert_eq!(calls, 3);
    }

    #[test]
    fn that_has_the_reactor_find_an_error_is_told_of_it_before_the_sleep() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let ghosts: Vec<_> = (0..64).map(|_| stale(&mut reactor)).collect();
        let keys: Vec<_> = ghosts.iter().map(|ghost| ghost.0).collect();
        let number = common::high_number();
        let closed = common::at(number, common::pair().0);
        let lost = reactor.on(interest().read().with_fd(common::Number(number)), |_| ()).unwrap();
        drop(closed);
        // With so many registrations that nothing leads to, it makes a new epoll instance, and finds that one of its fds was closed.
        reactor.before_sleep(move |_, mut reactor| {
            keys.iter().for_each(|key| _ = reactor.delete(*key));
            Sleep::Allow
        });
        let error = reactor.run_with(&mut 0).unwrap_err(); // would sleep for ever
        let error: &eventp::Error = error.get_ref().unwrap().downcast_ref().unwrap();
        assert_eq!((error.operation(), error.key()), ("rebuild", Some(lost)));
    }

    /// A registration that will be stale when it is deleted: its fd was closed, and a duplicate lives.
    fn stale(reactor: &mut Eventp<u32>) -> (eventp::Key, std::os::fd::OwnedFd) {
        let stream = common::at(common::high_number(), common::pair().0);
        let duplicate = common::dup(&stream);
        let number = common::Number(std::os::fd::AsRawFd::as_raw_fd(&stream));
        let key = reactor.on(interest().edge_triggered().with_fd(number), |_| ()).unwrap();
        (key, duplicate)
    }

    #[test]
    fn stays_set_when_it_panics() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        reactor.before_sleep(|calls, _| {
            *calls += 1;
            assert_ne!(*calls, 1, "as told");
            Sleep::Skip
        });
        let mut calls = 0;
        assert!(common::panics(|| reactor.run_once_with(&mut calls, None)));
        reactor.run_once_with(&mut calls, None).unwrap();
        assert_eq!(calls, 2);
    }

    #[test]
    fn is_replaced_by_the_next_and_dropped() {
        let mut reactor = Eventp::<()>::new().unwrap();
        let witness = Rc::new(());
        let held = witness.clone();
        reactor.before_sleep(move |(), _| {
            let _held = &held;
            Sleep::Skip
        });
        assert_eq!(Rc::strong_count(&witness), 2);
        reactor.before_sleep(|(), _| Sleep::Skip);
        assert_eq!(Rc::strong_count(&witness), 1);
        reactor.run_once(None).unwrap();
    }
}
