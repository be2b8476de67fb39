//! All interleavings of the queue, the flag and the slot, by loom: `scripts/loom`.
//!
//! The eventfd is a flag with a condition variable here: what the reactor sleeps on. A wake-up that is lost is a deadlock, which loom finds.

use std::io;
use std::sync::Arc;
use std::task::{Wake, Waker};

use loom::sync::atomic::AtomicUsize;
use loom::thread;

use crate::remote::call::{Slot, State};
use crate::remote::notifier::{Flag, queue_up};
use crate::remote::queue::{Door, Queue};
use crate::sync::{self, Condvar, Mutex, Ordering, lock};

#[derive(Default)]
struct Bell {
    rung: Mutex<bool>,
    changed: Condvar,
}

impl Bell {
    fn ring(&self) {
        *lock(&self.rung) = true;
        self.changed.notify_one();
    }

    fn wait(&self) {
        let mut rung = lock(&self.rung);
        while !*rung {
            rung = sync::wait(&self.changed, rung, None);
        }
        *rung = false;
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.ring();
    }
}

fn push(queue: &Queue<usize>, bell: &Bell, item: usize) {
    if queue.push(item).unwrap() {
        bell.ring();
    }
}

/// Two threads hand in one item each, and the reader takes `most` at a time until it has both.
fn nothing_is_lost(most: usize) {
    loom::model(move || {
        let queue = Arc::new(Queue::new());
        let bell = Arc::new(Bell::default());
        let senders: Vec<_> = [1, 2]
            .map(|item| {
                let (queue, bell) = (queue.clone(), bell.clone());
                thread::spawn(move || push(&queue, &bell, item))
            })
            .into_iter()
            .collect();
        let mut taken = Vec::new();
        while taken.len() < 2 {
            bell.wait();
            if queue.take(most, &mut taken) {
                bell.ring();
            }
        }
        assert_eq!(taken.iter().sum::<usize>(), 3);
        senders.into_iter().for_each(|sender| sender.join().unwrap());
    });
}

#[test]
fn items_of_two_threads_wake_the_reader_for_both() {
    nothing_is_lost(usize::MAX);
}

#[test]
fn a_reader_that_leaves_some_behind_comes_back_for_them() {
    nothing_is_lost(1);
}

#[test]
fn an_item_is_taken_or_left_behind_a_closed_door_or_refused_but_never_lost() {
    loom::model(|| {
        let queue = Arc::new(Queue::new());
        let sender = {
            let queue = queue.clone();
            thread::spawn(move || queue.push(1).is_ok())
        };
        let left = queue.set_door(Door::Gone).len();
        let was_taken = sender.join().unwrap();
        assert_eq!(
            was_taken,
            left == 1,
            "in the queue exactly if it was there before the door closed"
        );
    });
}

#[test]
fn what_was_written_before_a_notification_is_seen_by_a_call_after_it() {
    loom::model(|| {
        let flag = Arc::new(Flag::default());
        let queue = Arc::new(Queue::new());
        let bell = Arc::new(Bell::default());
        let data = Arc::new([const { () }; 2].map(|()| AtomicUsize::new(0)));
        let threads: Vec<_> = [0, 1]
            .map(|nth| {
                let (flag, queue, bell, data) =
                    (flag.clone(), queue.clone(), bell.clone(), data.clone());
                thread::spawn(move || {
                    data[nth].store(1, Ordering::Relaxed);
                    if queue_up(&flag, &queue, || nth).unwrap() {
                        bell.ring();
                    }
                })
            })
            .into_iter()
            .collect();
        // The handler: called until it has seen both, or for ever if a notification is lost.
        loop {
            bell.wait();
            let mut alerts = Vec::new();
            queue.take(usize::MAX, &mut alerts);
            assert!(alerts.len() <= 1, "once in the queue at most");
            if alerts.pop().is_some() {
                flag.lower();
                if data.iter().map(|word| word.load(Ordering::Relaxed)).sum::<usize>() == 2 {
                    break;
                }
            }
        }
        threads.into_iter().for_each(|thread| thread.join().unwrap());
    });
}

#[test]
fn a_caller_gets_the_result_or_the_reason_whoever_comes_first() {
    loom::model(|| {
        let slot = Arc::new(Slot::<(), u32>::new(()));
        let reactor = {
            let slot = slot.clone();
            thread::spawn(move || {
                if slot.begin().is_some() {
                    slot.finish(Ok(7));
                }
            })
        };
        let stopper = {
            let slot = slot.clone();
            thread::spawn(move || {
                if slot.begin().is_some() {
                    slot.finish(Err(io::ErrorKind::BrokenPipe.into()));
                }
            })
        };
        match slot.wait(None).unwrap() {
            Ok(result) => assert_eq!(result, 7),
            Err(error) => assert_eq!(error.kind(), io::ErrorKind::BrokenPipe),
        }
        reactor.join().unwrap();
        stopper.join().unwrap();
    });
}

#[test]
fn a_call_that_is_given_up_has_run_or_has_not_and_leaves_nothing_behind() {
    loom::model(|| {
        let witness = Arc::new(());
        let slot = Arc::new(Slot::<Arc<()>, Arc<()>>::new(witness.clone()));
        let reactor = {
            let slot = slot.clone();
            thread::spawn(move || match slot.begin() {
                Some(job) => {
                    slot.finish(Ok(job));
                    true
                }
                None => false,
            })
        };
        let untouched = matches!(slot.give_up(), State::Waiting(..));
        let has_run = reactor.join().unwrap();
        assert_ne!(untouched, has_run);
        assert_eq!(Arc::strong_count(&witness), 1, "closure and result are dropped");
    });
}

#[test]
fn a_stop_that_is_asked_for_while_another_is_answered_is_answered_too() {
    loom::model(|| {
        let stop = Arc::new(Flag::default());
        let bell = Arc::new(Bell::default());
        let threads = [(); 2].map(|()| {
            let (stop, bell) = (stop.clone(), bell.clone());
            thread::spawn(move || {
                stop.raise();
                bell.ring();
            })
        });
        bell.wait();
        assert!(stop.lower(), "who wakes the reactor has asked before");
        threads.into_iter().for_each(|thread| thread.join().unwrap());
        if stop.lower() {
            assert!(*lock(&bell.rung), "another one has woken it again");
        }
    });
}

#[test]
fn a_notification_is_refused_once_the_reactor_is_gone_whatever_was_under_way() {
    loom::model(|| {
        let flag = Arc::new(Flag::default());
        let queue = Arc::new(Queue::new());
        let other = {
            let (flag, queue) = (flag.clone(), queue.clone());
            thread::spawn(move || {
                _ = queue_up(&flag, &queue, || 1);
                _ = queue_up(&flag, &queue, || 2);
            })
        };
        // As `Eventp::end_remotes` does.
        queue.set_door(Door::Gone).into_iter().for_each(|_| _ = flag.lower());
        other.join().unwrap();
        for _ in 0..2 {
            assert_eq!(queue_up(&flag, &queue, || 3), Err(Door::Gone));
        }
    });
}

#[test]
fn an_item_that_is_taken_back_does_not_take_the_wake_up_of_another_along() {
    loom::model(|| {
        let queue = Arc::new(Queue::new());
        let bell = Arc::new(Bell::default());
        let stays = {
            let (queue, bell) = (queue.clone(), bell.clone());
            thread::spawn(move || push(&queue, &bell, 1))
        };
        let taken_back = {
            let (queue, bell) = (queue.clone(), bell.clone());
            thread::spawn(move || {
                push(&queue, &bell, 2);
                // The second time, it is out if it was still there.
                (0..2).any(|_| !queue.give_up_one(|&item| item == 2).is_empty())
            })
        };
        let mut taken = Vec::new();
        while !taken.contains(&1) {
            bell.wait();
            queue.take(usize::MAX, &mut taken);
        }
        stays.join().unwrap();
        let withdrawn = taken_back.join().unwrap();
        queue.take(usize::MAX, &mut taken);
        assert_eq!(taken.contains(&2), !withdrawn, "with one of them, and one only");
    });
}

#[test]
fn who_awaits_a_result_is_woken_for_it_by_the_last_waker() {
    loom::model(|| {
        let slot = Arc::new(Slot::<(), u32>::new(()));
        let reactor = {
            let slot = slot.clone();
            thread::spawn(move || {
                slot.begin().unwrap();
                slot.finish(Ok(7));
            })
        };
        // Polled twice, by another task the second time.
        let bells = [(); 2].map(|()| Arc::new(Bell::default()));
        let polls = bells.each_ref().map(|bell| slot.wake_later(Waker::from(bell.clone())));
        let ready = polls.into_iter().filter_map(Result::err).flatten().next();
        let result = ready.unwrap_or_else(|| {
            bells[1].wait();
            slot.wake_later(Waker::noop().clone()).unwrap_err().expect("it was woken for a result")
        });
        assert_eq!(result.unwrap(), 7);
        reactor.join().unwrap();
    });
}
