//! Wakers into the reactor: many notifications are one call, none is lost, and to notify allocates nothing.

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Context;
use std::thread;
use std::time::Duration;

use common::NOW;
use eventp::{Eventp, Flow, Notifier, interest};

/// Counts what each thread allocates.
struct Counting;

thread_local! {
    static ALLOCATIONS: Cell<u64> = const { Cell::new(0) };
}

// SAFETY: all is passed on to the system's.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        _ = ALLOCATIONS.try_with(|count| count.set(count.get() + 1));
        // SAFETY: the caller's promise.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        // SAFETY: the caller's promise.
        unsafe { System.dealloc(memory, layout) }
    }
}

#[global_allocator]
static COUNTING: Counting = Counting;

#[test]
fn many_notifications_before_the_turn_are_one_call() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let notifier = reactor.notifier(|d| *d.state += 1).unwrap();
    for _ in 0..100 {
        notifier.clone().notify().unwrap();
    }
    let mut calls = 0;
    assert_eq!(common::settle(&mut reactor, &mut calls), 1);
    assert_eq!(calls, 1);
    notifier.notify().unwrap();
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 2);
}

#[test]
fn a_notification_from_its_own_handler_is_another_call() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let notifier = reactor
        .notifier(|d| {
            *d.state += 1;
            if *d.state < 5 { d.fd.notify() } else { Ok(()) }
        })
        .unwrap();
    notifier.notify().unwrap();
    let mut calls = 0;
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 5);
}

#[test]
fn what_was_written_before_is_seen_by_the_handler() {
    const ROUNDS: u64 = 20_000;
    let written = Arc::new([const { AtomicU64::new(0) }; 4]);
    let mut reactor = Eventp::<u64>::new().unwrap();
    let seen = written.clone();
    let notifier = reactor
        .notifier(move |d| {
            *d.state = seen.iter().map(|word| word.load(Ordering::Relaxed)).sum();
            if *d.state == 4 * ROUNDS { Flow::Stop } else { Flow::Keep }
        })
        .unwrap();
    let threads: Vec<_> = (0..4)
        .map(|nth| {
            let (notifier, written) = (notifier.clone(), written.clone());
            thread::spawn(move || {
                for round in 1..=ROUNDS {
                    written[nth].store(round, Ordering::Relaxed);
                    notifier.notify().unwrap();
                }
            })
        })
        .collect();
    let mut sum = 0;
    reactor.run_with(&mut sum).unwrap();
    assert_eq!(sum, 4 * ROUNDS);
    threads.into_iter().for_each(|thread| thread.join().unwrap());
}

#[test]
fn to_notify_allocates_nothing_whatever_came_before() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let notifiers: Vec<_> =
        (0..500).map(|_| reactor.notifier(|d| *d.state += 1).unwrap()).collect();
    let wakers: Vec<_> = notifiers.iter().map(|notifier| notifier.waker()).collect();
    for round in 0..3 {
        let before = ALLOCATIONS.get();
        for waker in &wakers {
            waker.wake_by_ref();
        }
        assert_eq!(ALLOCATIONS.get(), before, "in round {round}");
        let mut calls = 0;
        common::settle(&mut reactor, &mut calls);
        assert_eq!(calls, 500);
    }
}

#[test]
fn a_handler_deletes_itself_and_later_notifications_reach_nobody() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let notifier = reactor
        .notifier(|d| {
            *d.state += 1;
            Flow::Remove
        })
        .unwrap();
    notifier.notify().unwrap();
    let mut calls = 0;
    common::settle(&mut reactor, &mut calls);
    assert!(reactor.is_empty() && !reactor.contains(notifier.key()));
    let successor = reactor.notifier(|d| *d.state += 100).unwrap();
    notifier.notify().unwrap();
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 1);
    successor.notify().unwrap();
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 101);
}

#[test]
fn a_handler_that_panics_keeps_nobody_else_from_being_called() {
    let mut reactor = Eventp::<Vec<u32>>::new().unwrap();
    let notifiers: Vec<_> = (0..5)
        .map(|nth| {
            let handler = move |d: eventp::Dispatch<'_, Notifier, Eventp<Vec<u32>>>| {
                d.state.push(nth);
                assert_ne!(nth, 2, "as told");
            };
            reactor.notifier(handler).unwrap()
        })
        .collect();
    notifiers.iter().for_each(|notifier| notifier.notify().unwrap());
    let mut called = Vec::new();
    assert!(common::panics(|| common::settle(&mut reactor, &mut called)));
    assert_eq!(called, [0, 1, 2]);
    common::settle(&mut reactor, &mut called);
    assert_eq!(called, [0, 1, 2, 3, 4]);
}

#[test]
fn after_the_reactor_a_notification_is_a_broken_pipe_and_a_waker_does_nothing() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let notifier = reactor.notifier(|_| ()).unwrap();
    let waker = notifier.waker();
    notifier.notify().unwrap();
    drop(reactor);
    waker.wake();
    for _ in 0..3 {
        assert_eq!(notifier.notify().unwrap_err().kind(), ErrorKind::BrokenPipe);
    }
}

#[test]
fn it_has_no_fd_to_modify_and_can_be_triggered() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let notifier = reactor.notifier(|d| *d.state += 1).unwrap();
    let error = reactor.modify(notifier.key(), interest().read()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::InvalidInput);
    assert!(error.to_string().contains("it has no fd"), "{error}");
    assert_eq!(reactor.iter().next().unwrap().ports().count(), 0);
    reactor.trigger(notifier.key(), eventp::event().readable()).unwrap();
    let mut calls = 0;
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 1);
}

#[test]
fn a_future_that_is_polled_by_its_handler_is_woken_from_another_thread() {
    struct Task(Pin<Box<dyn Future<Output = u32>>>);

    let (sender, mut receiver) = tokio::sync::mpsc::channel(1);
    let mut task = Task(Box::pin(async move {
        let mut sum = 0;
        while let Some(number) = receiver.recv().await {
            sum += number;
        }
        sum
    }));
    let mut reactor = Eventp::<u32>::new().unwrap();
    let notifier = reactor
        .notifier(move |d| {
            let waker = d.fd.waker();
            match task.0.as_mut().poll(&mut Context::from_waker(&waker)) {
                std::task::Poll::Ready(sum) => {
                    *d.state = sum;
                    Flow::Stop
                }
                std::task::Poll::Pending => Flow::Keep,
            }
        })
        .unwrap();
    notifier.notify().unwrap();
    let other = thread::spawn(move || {
        for number in 1..=100 {
            sender.blocking_send(number).unwrap();
        }
    });
    let mut sum = 0;
    reactor.run_with(&mut sum).unwrap();
    other.join().unwrap();
    assert_eq!(sum, 5_050);
}

#[test]
fn a_turn_in_which_nothing_notifies_calls_nobody() -> io::Result<()> {
    let mut reactor = Eventp::<u32>::new()?;
    let _notifier = reactor.notifier(|d| *d.state += 1)?;
    let mut calls = 0;
    assert_eq!(reactor.run_once_with(&mut calls, NOW)?, 0);
    assert_eq!(reactor.run_once_with(&mut calls, Some(Duration::from_millis(1)))?, 0);
    assert_eq!(calls, 0);
    Ok(())
}

/// A value that notices when it is used after it was dropped.
struct Alive(Box<u32>);

impl Alive {
    fn new() -> Self {
        Self(Box::new(0xa11e))
    }

    fn check(&self) {
        assert_eq!(*self.0, 0xa11e, "used after it was dropped");
    }
}

impl Drop for Alive {
    fn drop(&mut self) {
        *self.0 = 0xdead;
    }
}

#[test]
fn a_handler_that_another_deletes_in_the_same_turn_is_not_called() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let victim = std::rc::Rc::new(std::cell::OnceCell::new());
    let named = victim.clone();
    let killer = reactor.notifier(move |mut d| d.reactor.delete(*named.get().unwrap())).unwrap();
    let alive = Alive::new();
    let notifier = reactor
        .notifier(move |d| {
            alive.check();
            *d.state += 1;
        })
        .unwrap();
    victim.set(notifier.key()).unwrap();
    killer.notify().unwrap();
    notifier.notify().unwrap();
    let mut calls = 0;
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 0);
}

#[test]
fn a_handler_that_removes_itself_is_not_called_for_what_else_there_was_in_its_turn() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let alive = Alive::new();
    let notifier = reactor
        .notifier(move |d| {
            alive.check();
            *d.state += 1;
            Flow::Remove
        })
        .unwrap();
    for _ in 0..3 {
        reactor.trigger(notifier.key(), eventp::event().readable()).unwrap();
    }
    let mut calls = 0;
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 1);
}

#[test]
fn a_handler_that_is_deleted_between_the_halves_of_an_interrupted_turn_is_not_called() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let panics = reactor.notifier(|_| -> () { panic!("as told") }).unwrap();
    let alive = Alive::new();
    let notifier = reactor
        .notifier(move |d| {
            alive.check();
            *d.state += 1;
        })
        .unwrap();
    panics.notify().unwrap();
    notifier.notify().unwrap();
    let mut calls = 0;
    assert!(common::panics(|| common::settle(&mut reactor, &mut calls)));
    reactor.delete(notifier.key()).unwrap();
    common::settle(&mut reactor, &mut calls);
    assert_eq!(calls, 0);
}

#[test]
fn its_wakers_are_counted_and_the_last_of_all_lets_go_of_it() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let witness = Arc::new(());
    let held = witness.clone();
    let notifier = reactor
        .notifier(move |d| {
            let _held = &held;
            *d.state += 1;
            assert!(d.fd.waker().will_wake(&d.fd.waker()));
        })
        .unwrap();
    let key = notifier.key();
    let wakers: Vec<_> = (0..10).map(|_| notifier.waker()).collect();
    assert!(wakers.iter().all(|waker| waker.will_wake(&wakers[0])));
    drop(notifier);
    let threads: Vec<_> = wakers
        .into_iter()
        .map(|waker| {
            thread::spawn(move || {
                waker.wake_by_ref();
                let others = [waker.clone(), waker];
                others.into_iter().for_each(|waker| waker.wake());
            })
        })
        .collect();
    threads.into_iter().for_each(|thread| thread.join().unwrap());
    let mut calls = 0;
    common::settle(&mut reactor, &mut calls);
    assert!(calls >= 1);
    reactor.delete(key).unwrap();
    assert_eq!(Arc::strong_count(&witness), 1);
}

#[test]
fn a_handler_can_make_another_and_a_closure_of_a_remote_too() {
    let mut reactor = Eventp::<u32>::new().unwrap();
    let (ours, theirs) = common::pair();
    // The eventfd that it needs is made in the middle of a batch.
    reactor
        .on(interest().read().with_fd(ours), |mut d| {
            common::drain(d.fd);
            d.reactor
                .notifier(|d| {
                    *d.state += 1;
                    Flow::Remove
                })?
                .notify()?;
            d.reactor.remote()?.send(|_, mut reactor| {
                reactor
                    .notifier(|d| {
                        *d.state += 10;
                        Flow::Remove
                    })?
                    .notify()
            })
        })
        .unwrap();
    let mut calls = 0;
    for _ in 0..3 {
        common::fire(&theirs);
        common::settle(&mut reactor, &mut calls);
    }
    assert_eq!((calls, reactor.len()), (33, 1));
}
