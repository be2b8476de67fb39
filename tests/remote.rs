//! Other threads: closures handed in by `Remote`, and what becomes of them when the reactor stops, goes, panics or is flooded.

mod common;

use std::future::Future;
use std::io::{self, ErrorKind};
use std::pin::pin;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::task::{Context, Poll, Wake, Waker};
use std::thread;
use std::time::Duration;

use eventp::{Dispatch, Eventp, Flow, Remote, interest};

const SOON: Duration = Duration::from_millis(20);
const LONG: Duration = Duration::from_secs(30);

/// Runs a reactor on a thread of its own for as long as `while_running` takes, and gives the state back.
fn with_reactor<S: Default + Send + 'static>(while_running: impl FnOnce(Remote<S>)) -> S {
    let (sender, receiver) = mpsc::channel();
    let reactor = thread::spawn(move || {
        let mut reactor = Eventp::<S>::new().unwrap();
        sender.send(reactor.remote().unwrap()).unwrap();
        let mut state = S::default();
        reactor.run_with(&mut state).unwrap();
        state
    });
    let remote = receiver.recv().unwrap();
    while_running(remote.clone());
    remote.stop().unwrap();
    reactor.join().unwrap()
}

/// Says when it is dropped.
struct Dropped(Arc<AtomicUsize>);

impl Drop for Dropped {
    fn drop(&mut self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("tick");
    }
}

fn counted() -> (Arc<AtomicUsize>, Dropped) {
    let drops = Arc::new(AtomicUsize::new(0));
    (drops.clone(), Dropped(drops))
}

mod a_call {
    use super::*;

    #[test]
    fn gets_the_state_and_returns_its_result() {
        let numbers = with_reactor::<Vec<u32>>(|remote| {
            let length = remote.call(|numbers, _| {
                numbers.push(7);
                numbers.len()
            });
            assert_eq!(length.unwrap(), 1);
        });
        assert_eq!(numbers, [7]);
    }

    #[test]
    fn can_add_a_subscriber_and_delete_it_again() {
        with_reactor::<u32>(|remote| {
            let (ours, theirs) = common::pair();
            let key = remote
                .call(move |_, mut reactor| {
                    let source = interest().read().with_fd(ours);
                    reactor.on(source, |d| {
                        *d.state += 1;
                        common::drain(d.fd);
                    })
                })
                .unwrap()
                .unwrap();
            common::fire(&theirs);
            while remote.call(|calls, _| *calls).unwrap() == 0 {}
            remote.call(move |_, mut reactor| reactor.delete(key)).unwrap().unwrap();
            let again = remote.call(move |_, mut reactor| reactor.delete(key)).unwrap();
            assert_eq!(again.unwrap_err().kind(), ErrorKind::NotFound);
        });
    }

    #[test]
    fn that_panics_is_an_error_of_its_caller_and_the_reactor_runs_on() {
        with_reactor::<u32>(|remote| {
            let error = remote.call(|_, _| panic!("bad {}", "luck")).unwrap_err();
            assert_eq!(error.to_string(), "the closure panicked: bad luck");
            let error = remote.call(|_, _| std::panic::panic_any(7)).unwrap_err();
            assert_eq!(error.to_string(), "the closure panicked");
            assert_eq!(remote.call(|_, _| 5).unwrap(), 5);
        });
    }

    #[test]
    fn drops_what_it_panicked_with_even_if_that_panics_in_turn() {
        with_reactor::<u32>(|remote| {
            let (drops, witness) = counted();
            let error = remote.call(move |_, _| std::panic::panic_any(witness)).map(|(): ()| ());
            assert_eq!(error.unwrap_err().to_string(), "the closure panicked");
            assert_eq!(drops.load(Ordering::SeqCst), 1);
            let error = remote.call(|_, _| std::panic::panic_any(Bomb)).map(|(): ()| ());
            assert_eq!(error.unwrap_err().to_string(), "the closure panicked");
            assert_eq!(remote.call(|_, _| 5).unwrap(), 5);
        });
    }

    #[test]
    fn from_the_reactors_own_thread_is_an_error_in_and_outside_of_a_handler() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let remote = reactor.remote().unwrap();
        let (ours, theirs) = common::pair();
        let own = remote.clone();
        let handler = move |d: Dispatch<'_, _, Eventp<u32>>| {
            common::drain(d.fd);
            let error = own.call(|_, _| ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Deadlock);
            assert!(error.to_string().contains("`Pinned`"), "{error}");
            let error = own.call_timeout(LONG, |_, _| ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Deadlock);
            own.send(|calls, _| *calls += 1)
        };
        reactor.on(interest().read().with_fd(ours), handler).unwrap();
        common::fire(&theirs);
        let mut calls = 0;
        reactor.run_once_with(&mut calls, None).unwrap();
        reactor.run_once_with(&mut calls, None).unwrap();
        assert_eq!(calls, 1);
        assert_eq!(remote.call(|_, _| ()).unwrap_err().kind(), ErrorKind::Deadlock);
        remote.stop().unwrap();
        reactor.run_with(&mut calls).unwrap();
        assert_eq!(remote.call(|_, _| ()).unwrap_err().kind(), ErrorKind::BrokenPipe);
        drop(reactor);
        assert_eq!(remote.call(|_, _| ()).unwrap_err().kind(), ErrorKind::BrokenPipe);
    }

    #[test]
    fn that_is_not_begun_in_time_is_dropped_at_once_and_never_runs() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let remote = reactor.remote().unwrap();
        let (drops, witness) = counted();
        let other = thread::spawn(move || {
            let error = remote.call_timeout(SOON, move |calls, _| {
                let _witness = &witness;
                *calls += 1;
            });
            let error = error.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert!(error.to_string().contains("will not run"), "{error}");
        });
        other.join().unwrap();
        assert_eq!(drops.load(Ordering::SeqCst), 1, "nothing waits for the reactor to run");
        let mut calls = 0;
        reactor.run_once_with(&mut calls, Some(Duration::ZERO)).unwrap();
        assert_eq!(calls, 0);
    }

    #[test]
    fn that_runs_when_the_time_is_over_has_its_result_dropped() {
        with_reactor::<u32>(|remote| {
            let (drops, witness) = counted();
            let (begun, has_begun) = mpsc::channel();
            let (go_on, goes_on) = mpsc::channel::<()>();
            let caller = remote.clone();
            let other = thread::spawn(move || {
                caller.call_timeout(SOON, move |_, _| {
                    begun.send(()).unwrap();
                    goes_on.recv().unwrap();
                    witness
                })
            });
            has_begun.recv().unwrap();
            let error = other.join().unwrap().map(drop).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::TimedOut);
            assert!(error.to_string().contains("was running"), "{error}");
            go_on.send(()).unwrap();
            remote.call(|_, _| ()).unwrap();
            assert_eq!(drops.load(Ordering::SeqCst), 1);
        });
    }
}

mod a_stop {
    use super::*;

    #[test]
    fn drops_every_closure_even_if_the_destructors_of_two_panic() {
        let mut reactor = Eventp::<Vec<String>>::new().unwrap();
        reactor.on_error(|error, seen| seen.push(error.to_string()));
        let remote = reactor.remote().unwrap();
        let mut seen = Vec::new();
        let (drops, witness) = counted();
        hand_in_two_bombs(&remote, witness);
        reactor.stop();
        reactor.run_with(&mut seen).unwrap();
        assert_eq!(seen, ["remote: the closure panicked: tick"; 2]);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn of_a_reactor_that_goes_drops_every_closure_even_if_the_destructors_of_two_panic() {
        let mut reactor = Eventp::<Vec<String>>::new().unwrap();
        let remote = reactor.remote().unwrap();
        let (drops, witness) = counted();
        hand_in_two_bombs(&remote, witness);
        assert!(common::panics(|| drop(reactor)));
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        assert_eq!(remote.send(|_, _| ()).unwrap_err().kind(), ErrorKind::BrokenPipe);
        // In the middle of an unwinding, too: a second panic that gets out would abort.
        let (drops, witness) = counted();
        assert!(common::panics(move || {
            let mut reactor = Eventp::<Vec<String>>::new().unwrap();
            hand_in_two_bombs(&reactor.remote().unwrap(), witness);
            panic!("as told");
        }));
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    }

    #[test]
    fn of_a_reactor_that_goes_in_an_unwinding_drops_what_a_destructor_panicked_with_even_if_that_panics()
     {
        struct Parcel;
        impl Drop for Parcel {
            fn drop(&mut self) {
                std::panic::panic_any(Bomb);
            }
        }
        assert!(common::panics(|| {
            let mut reactor = Eventp::<Vec<String>>::new().unwrap();
            let parcel = Parcel;
            reactor.remote().unwrap().send(move |_, _| drop(parcel)).unwrap();
            panic!("as told");
        }));
    }

    #[test]
    fn drops_every_closure_even_if_both_a_waker_and_its_closure_panic() {
        struct Rings;
        impl std::task::Wake for Rings {
            fn wake(self: Arc<Self>) {
                panic!("tock");
            }
        }
        let mut reactor = Eventp::<Vec<String>>::new().unwrap();
        reactor.on_error(|error, seen| seen.push(error.to_string()));
        let remote = reactor.remote().unwrap();
        let (bomb, (drops, witness)) = (Bomb, counted());
        let mut call = pin!(remote.call_async(move |_, _| drop(bomb)));
        let waker = Arc::new(Rings).into();
        assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        remote.send(move |_, _| drop(witness)).unwrap();
        reactor.stop();
        let mut seen = Vec::new();
        reactor.run_with(&mut seen).unwrap();
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        assert_eq!(seen, ["remote: the closure panicked: tick"]);
    }

    fn hand_in_two_bombs(remote: &Remote<Vec<String>>, witness: Dropped) {
        for bomb in [Bomb, Bomb] {
            remote.send(move |_, _| drop(bomb)).unwrap();
        }
        remote.send(move |_, _| drop(witness)).unwrap();
    }

    #[test]
    fn wakes_who_waits_and_drops_what_has_not_run() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let remote = reactor.remote().unwrap();
        let (drops, witness) = counted();
        // Handed in first, it stops the reactor; but 256 run per turn, and these are more.
        remote.send(|_, _| Flow::Stop).unwrap();
        for _ in 0..255 {
            remote.send(|_, _| ()).unwrap();
        }
        let late = remote.clone();
        let (handed_in, is_handed_in) = mpsc::channel();
        let other = thread::spawn(move || {
            late.send(move |_, _| drop(witness)).unwrap();
            handed_in.send(()).unwrap();
            late.call(|calls, _| *calls += 1)
        });
        is_handed_in.recv().unwrap();
        thread::sleep(SOON);
        let mut calls = 0;
        reactor.run_with(&mut calls).unwrap();
        assert_eq!(other.join().unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
        assert_eq!((calls, drops.load(Ordering::SeqCst)), (0, 1));
    }

    #[test]
    fn closes_the_door_until_the_next_run_call() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let remote = reactor.remote().unwrap();
        remote.stop().unwrap();
        let mut calls = 0;
        reactor.run_with(&mut calls).unwrap();
        let error = remote.send(|calls, _| *calls += 1).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BrokenPipe);
        assert!(error.to_string().contains("when it runs"), "{error}");
        reactor.run_once_with(&mut calls, Some(Duration::ZERO)).unwrap();
        remote.send(|calls, _| *calls += 1).unwrap();
        reactor.run_once_with(&mut calls, Some(Duration::ZERO)).unwrap();
        assert_eq!(calls, 1);
    }

    #[test]
    fn of_a_reactor_that_is_gone_is_a_broken_pipe_and_so_is_all_else() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let remote = reactor.remote().unwrap();
        let (drops, witness) = counted();
        remote.send(move |_, _| drop(witness)).unwrap();
        let waiting = remote.clone();
        let other = thread::spawn(move || waiting.call(|_, _| ()));
        thread::sleep(SOON);
        drop(reactor);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        assert_eq!(other.join().unwrap().unwrap_err().kind(), ErrorKind::BrokenPipe);
        for error in [remote.stop(), remote.send(|_, _| ()), remote.stop()] {
            assert_eq!(error.unwrap_err().to_string(), "the reactor is gone");
        }
    }

    #[test]
    fn a_destructor_can_wait_for_a_thread_that_waits_for_the_reactor() {
        struct Joins(Option<thread::JoinHandle<io::Result<()>>>, std::os::unix::net::UnixStream);
        impl Drop for Joins {
            fn drop(&mut self) {
                let waited = self.0.take().unwrap().join().unwrap();
                assert_eq!(waited.unwrap_err().kind(), ErrorKind::BrokenPipe);
            }
        }
        impl std::os::fd::AsFd for Joins {
            fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
                self.1.as_fd()
            }
        }
        let mut reactor = Eventp::<()>::new().unwrap();
        let remote = reactor.remote().unwrap();
        let worker = thread::spawn(move || remote.call(|_, _| ()));
        let joins = Joins(Some(worker), common::pair().0);
        reactor.on(interest().read().with_fd(joins), |_| ()).unwrap();
        drop(reactor);
    }
}

mod a_closure_that_is_sent {
    use super::*;

    #[test]
    fn runs_in_the_order_of_its_arrival() {
        let numbers = with_reactor::<Vec<u32>>(|remote| {
            for number in 0..1_000 {
                remote.send(move |numbers, _| numbers.push(number)).unwrap();
            }
            remote.call(|_, _| ()).unwrap();
        });
        assert_eq!(numbers, (0..1_000).collect::<Vec<_>>());
    }

    #[test]
    fn tells_the_error_hook_of_its_error_and_its_panic() {
        let mut reactor = Eventp::<Vec<String>>::new().unwrap();
        reactor.on_error(|error, seen| seen.push(error.to_string()));
        let remote = reactor.remote().unwrap();
        remote.send(|_, _| io::Result::<()>::Err(io::Error::other("no luck"))).unwrap();
        remote.send(|_, _| -> () { panic!("bad luck") }).unwrap();
        remote.send(|_, _| Flow::Stop).unwrap();
        let mut seen = Vec::new();
        reactor.run_with(&mut seen).unwrap();
        assert_eq!(seen, ["remote: no luck", "remote: the closure panicked: bad luck"]);
    }

    #[test]
    fn is_an_error_of_the_run_call_where_there_is_no_hook() {
        let mut reactor = Eventp::<()>::new().unwrap();
        let remote = reactor.remote().unwrap();
        remote.send(|_, _| io::Result::<()>::Err(io::Error::other("no luck"))).unwrap();
        assert_eq!(reactor.run().unwrap_err().to_string(), "remote: no luck");
        remote.stop().unwrap();
        reactor.run().unwrap();
    }

    #[test]
    fn a_flood_of_them_does_not_keep_fds_waiting() {
        let mut reactor = Eventp::<(u64, Option<u64>)>::new().unwrap();
        let remote = reactor.remote().unwrap();
        let (ours, theirs) = common::pair();
        reactor
            .on(interest().read().with_fd(ours), |d| {
                d.state.1 = Some(d.state.0);
                Flow::Stop
            })
            .unwrap();
        for _ in 0..100_000 {
            remote.send(|state, _| state.0 += 1).unwrap();
        }
        common::fire(&theirs);
        let mut state = (0, None);
        reactor.run_with(&mut state).unwrap();
        assert!(state.1.unwrap() <= 512, "{state:?}");
    }

    #[test]
    fn that_keeps_sending_itself_does_not_keep_a_stop_waiting() {
        fn again(remote: Remote<u64>) {
            let next = remote.clone();
            _ = remote.send(move |turns, _| {
                *turns += 1;
                again(next);
            });
        }
        let turns = with_reactor::<u64>(|remote| {
            again(remote.clone());
            while remote.call(|turns, _| *turns).unwrap() < 10_000 {}
        });
        assert!(turns >= 10_000);
    }

    #[test]
    fn four_threads_lose_none() {
        let total = with_reactor::<u64>(|remote| {
            let start = Arc::new(Barrier::new(4));
            let senders: Vec<_> = (0..4)
                .map(|_| {
                    let (remote, start) = (remote.clone(), start.clone());
                    thread::spawn(move || {
                        start.wait();
                        for _ in 0..25_000 {
                            remote.send(|total, _| *total += 1).unwrap();
                        }
                    })
                })
                .collect();
            senders.into_iter().for_each(|sender| sender.join().unwrap());
            assert_eq!(remote.call(|total, _| *total).unwrap(), 100_000);
        });
        assert_eq!(total, 100_000);
    }

    #[test]
    fn a_destructor_that_panics_is_told_of_like_a_panic() {
        let mut reactor = Eventp::<Vec<String>>::new().unwrap();
        reactor.on_error(|error, seen| seen.push(error.to_string()));
        let remote = reactor.remote().unwrap();
        let bomb = Bomb;
        remote.send(move |_, _| drop(bomb)).unwrap();
        remote.send(|_, _| Flow::Stop).unwrap();
        let mut seen = Vec::new();
        reactor.run_with(&mut seen).unwrap();
        assert_eq!(seen, ["remote: the closure panicked: tick"]);
    }
}

mod an_awaited_call {
    use super::*;

    struct Unpark(thread::Thread, AtomicBool);

    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.1.store(true, Ordering::SeqCst);
            self.0.unpark();
        }
    }

    fn block_on<T>(future: impl Future<Output = T>) -> T {
        let unpark = Arc::new(Unpark(thread::current(), AtomicBool::new(false)));
        let waker = Waker::from(unpark.clone());
        let mut future = pin!(future);
        loop {
            if let Poll::Ready(value) = future.as_mut().poll(&mut Context::from_waker(&waker)) {
                return value;
            }
            while !unpark.1.swap(false, Ordering::SeqCst) {
                thread::park();
            }
        }
    }

    #[test]
    fn gives_the_result_to_any_executor() {
        with_reactor::<u32>(|remote| {
            let twice = async {
                let one = remote
                    .call_async(|calls, _| {
                        *calls += 1;
                        *calls
                    })
                    .await?;
                let two = remote
                    .call_async(|calls, _| {
                        *calls += 1;
                        *calls
                    })
                    .await?;
                io::Result::Ok(one + two)
            };
            assert_eq!(block_on(twice).unwrap(), 3);
            let panics = block_on(remote.call_async(|_, _| panic!("bad luck"))).map(|(): ()| ());
            assert!(panics.unwrap_err().to_string().ends_with("bad luck"));
        });
    }

    #[test]
    fn is_awaited_in_tokio() {
        with_reactor::<u32>(|remote| {
            let tokio = tokio::runtime::Builder::new_current_thread().enable_time().build();
            let many = (1..=100).map(|number| {
                let call = remote.call_async(move |sum, _| *sum += number);
                async { call.await.unwrap() }
            });
            let all = async {
                let mut tasks = tokio::task::JoinSet::new();
                many.for_each(|task| _ = tasks.spawn(task));
                tokio::time::timeout(LONG, tasks.join_all()).await.unwrap();
                remote.call_async(|sum, _| *sum).await.unwrap()
            };
            assert_eq!(tokio.unwrap().block_on(all), 5050);
        });
    }

    #[test]
    fn can_be_polled_with_one_waker_after_the_other_and_wakes_the_last() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let remote = reactor.remote().unwrap();
        let mut call = Box::pin(remote.call_async(|_, _| 7));
        let wakers = [(); 3].map(|()| Arc::new(Unpark(thread::current(), AtomicBool::new(false))));
        for waker in &wakers {
            let waker = Waker::from(waker.clone());
            assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
        }
        reactor.run_once_with(&mut 0, Some(Duration::ZERO)).unwrap();
        assert_eq!(wakers.each_ref().map(|w| w.1.load(Ordering::SeqCst)), [false, false, true]);
        let mut context = Context::from_waker(Waker::noop());
        assert!(matches!(call.as_mut().poll(&mut context), Poll::Ready(Ok(7))));
        assert!(common::panics(|| call.as_mut().poll(&mut context).is_ready()), "once only");
    }

    #[test]
    fn holds_no_lock_while_a_waker_is_dropped() {
        /// Its destructor lets the closure end, and then waits for the reactor to have done so.
        struct Waits(Remote<u32>, mpsc::Sender<()>);
        impl Wake for Waits {
            fn wake(self: Arc<Self>) {}
        }
        impl Drop for Waits {
            fn drop(&mut self) {
                self.1.send(()).unwrap();
                self.0.call_timeout(LONG, |_, _| ()).unwrap();
            }
        }
        with_reactor::<u32>(|remote| {
            let (begun, has_begun) = mpsc::channel();
            let (go_on, goes_on) = mpsc::channel();
            let mut call = Box::pin(remote.call_async(move |_, _| {
                begun.send(()).unwrap();
                goes_on.recv().unwrap();
            }));
            has_begun.recv().unwrap();
            let waker = Waker::from(Arc::new(Waits(remote, go_on)));
            assert!(call.as_mut().poll(&mut Context::from_waker(&waker)).is_pending());
            drop(waker);
            assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        });
    }

    #[test]
    fn is_taken_back_when_its_future_is_dropped() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let remote = reactor.remote().unwrap();
        let (drops, witness) = counted();
        let mut call = Box::pin(remote.call_async(move |_, _| drop(witness)));
        let mut context = Context::from_waker(Waker::noop());
        assert!(call.as_mut().poll(&mut context).is_pending());
        drop(call);
        assert_eq!(drops.load(Ordering::SeqCst), 1);
        reactor.run_once_with(&mut 0, Some(Duration::ZERO)).unwrap();
        assert_eq!(drops.load(Ordering::SeqCst), 1);
    }

    /// Where each of them searched the queue for its own, this would take minutes.
    #[test]
    fn costs_the_same_when_a_hundred_thousand_of_them_are_dropped() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let remote = reactor.remote().unwrap();
        let (drops, _witness) = counted();
        let calls: Vec<_> = (0..100_000)
            .map(|_| {
                let witness = Dropped(drops.clone());
                remote.call_async(move |calls, _| {
                    let _witness = witness;
                    *calls += 1;
                })
            })
            .collect();
        let mut some_stay = Vec::new();
        for (number, call) in calls.into_iter().enumerate() {
            if number % 1_000 == 0 {
                some_stay.push(call);
            }
        }
        assert_eq!(drops.load(Ordering::SeqCst), 100_000 - 100);
        let mut calls = 0;
        for _ in 0..1_000 {
            reactor.run_once_with(&mut calls, Some(Duration::ZERO)).unwrap();
        }
        assert_eq!(calls, 100);
        assert!(some_stay.into_iter().all(|call| block_on(call).is_ok()));
    }

    #[test]
    fn is_a_broken_pipe_when_the_reactor_goes() {
        let mut reactor = Eventp::<u32>::new().unwrap();
        let remote = reactor.remote().unwrap();
        let other = thread::spawn(move || {
            let error = block_on(remote.call_async(|_, _| ())).unwrap_err();
            let late = block_on(remote.call_async(|_, _| ())).unwrap_err();
            (error.kind(), late.to_string())
        });
        thread::sleep(SOON);
        drop(reactor);
        let (kind, late) = other.join().unwrap();
        assert_eq!((kind, late.as_str()), (ErrorKind::BrokenPipe, "the reactor is gone"));
    }
}

#[test]
fn a_remote_goes_to_other_threads_whatever_the_state_is() {
    fn goes<T: Send + Sync>(_: &T) {}
    fn goes_along<T: Send>(_: &T) {}
    let mut reactor = Eventp::<std::rc::Rc<std::cell::Cell<u32>>>::new().unwrap();
    let remote = reactor.remote().unwrap();
    goes(&remote);
    goes(&reactor.notifier(|_| ()).unwrap());
    goes_along(&remote.call_async(|state, _| state.get()));
}
