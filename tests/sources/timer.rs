//! [`Timer`]: when it expires, how often, and what arms it.

use super::*;

/// Arms itself anew in its handler, with what is left of the list.
#[subscriber(interest = read)]
struct Countdown {
    #[fd]
    timer: Timer,
    next: Vec<Duration>,
}

#[handler]
impl Countdown {
    #[on(readable)]
    fn expired(&mut self, calls: &mut u32) -> io::Result<Flow> {
        assert_eq!(self.timer.read()?, 1);
        *calls += 1;
        let Some(next) = self.next.pop() else { return Ok(Flow::Stop) };
        self.timer.set_once(next)?;
        Ok(Flow::Keep)
    }
}

#[test]
fn it_is_armed_anew_by_its_own_handler_and_is_never_early() {
    let begin = Instant::now();
    let next = vec![30 * MS, Duration::ZERO, 50 * MS, 20 * MS];
    let mut reactor = Eventp::<u32>::new().unwrap();
    let timer = Timer::once(10 * MS).unwrap();
    Countdown { timer, next }.register_into(&mut reactor).unwrap();
    let mut calls = 0;
    reactor.run_with(&mut calls).unwrap();
    assert_eq!(calls, 5);
    assert!(begin.elapsed() >= 110 * MS, "{:?}", begin.elapsed());
}

#[test]
fn a_periodic_timer_counts_what_it_was_not_read_for() {
    let begin = Instant::now();
    let timer = Timer::every(10 * MS).unwrap();
    assert_eq!(timer.read().unwrap_err().kind(), ErrorKind::WouldBlock);
    thread::sleep(105 * MS);
    let before = begin.elapsed();
    let expirations = timer.read().unwrap();
    let after = begin.elapsed();
    assert!(expirations >= 10 && u128::from(expirations) <= after.as_millis() / 10, "{before:?}");
    assert!(readable_within(&timer, 10_000 * MS), "it goes on");
}

#[test]
fn a_timer_that_expires_once_does_not_expire_twice() {
    let timer = Timer::once(MS).unwrap();
    assert!(readable_within(&timer, 10_000 * MS));
    assert_eq!(timer.read().unwrap(), 1);
    assert_eq!(timer.read().unwrap_err().kind(), ErrorKind::WouldBlock);
    assert_eq!(timer.remaining().unwrap(), None);
    assert!(!readable_within(&timer, 30 * MS));
}

#[test]
fn zero_and_the_past_are_at_once() {
    let at = |time| Timer::at(time).unwrap();
    let now = SystemTime::now();
    let timers = [
        Timer::once(Duration::ZERO).unwrap(),
        at(now),
        at(now - 1000 * MS),
        at(SystemTime::UNIX_EPOCH),
        at(SystemTime::UNIX_EPOCH - 1000 * MS),
    ];
    for (nth, timer) in timers.into_iter().enumerate() {
        assert!(readable_within(&timer, 10_000 * MS), "timer {nth}");
        assert_eq!(timer.read().unwrap(), 1, "timer {nth}");
    }
}

#[test]
fn a_time_of_the_day_is_waited_for() {
    let time = SystemTime::now() + 500 * MS;
    let timer = Timer::at(time).unwrap();
    assert!(timer.remaining().unwrap().is_some_and(|it| it <= 500 * MS));
    assert!(!is_readable(&timer));
    assert!(readable_within(&timer, 10_000 * MS));
    assert!(SystemTime::now() >= time);
}

#[test]
fn a_period_of_zero_is_refused_and_leaves_the_timer_as_it_was() {
    let timer = Timer::once(1_000_000 * MS).unwrap();
    for error in [timer.set_every(Duration::ZERO), Timer::every(Duration::ZERO).map(drop)] {
        let error = error.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("give a longer one"), "{error}");
    }
    assert!(timer.remaining().unwrap().is_some());
}

#[test]
fn the_longest_durations_are_armed_and_do_not_expire() {
    let decades = Duration::from_secs(60 * 365 * 86_400);
    let far = SystemTime::UNIX_EPOCH + Duration::from_secs(i64::MAX as u64);
    for timer in [Timer::once(Duration::MAX), Timer::every(Duration::MAX), Timer::at(far)] {
        let timer = timer.unwrap();
        assert!(timer.remaining().unwrap().is_some_and(|it| it > decades), "{timer:?}");
        assert!(!is_readable(&timer));
    }
}

#[test]
fn what_was_not_read_is_forgotten_when_the_timer_is_armed_anew_or_disarmed() {
    let timer = Timer::new().unwrap();
    assert_eq!(timer.remaining().unwrap(), None);
    for change in [|it: &Timer| it.set_once(1_000_000 * MS), |it: &Timer| it.disarm()] {
        timer.set_once(Duration::ZERO).unwrap();
        assert!(readable_within(&timer, 10_000 * MS));
        change(&timer).unwrap();
        assert!(!is_readable(&timer));
        assert_eq!(timer.read().unwrap_err().kind(), ErrorKind::WouldBlock);
    }
    timer.set_every(MS).unwrap();
    timer.disarm().unwrap();
    assert!(!readable_within(&timer, 30 * MS));
    assert_eq!(timer.remaining().unwrap(), None);
}

#[test]
fn an_edge_triggered_timer_that_is_read_goes_on() {
    let mut reactor = Eventp::<u64>::new().unwrap();
    let timer = Timer::every(2 * MS).unwrap();
    reactor
        .on(edge().with_fd(timer), |d| {
            *d.state += d.fd.read()?;
            Ok(if *d.state < 10 { Flow::Keep } else { Flow::Stop })
        })
        .unwrap();
    let mut ticks = 0;
    reactor.run_with(&mut ticks).unwrap();
    assert!(ticks >= 10);
}

#[test]
fn a_storm_of_signals_neither_hastens_nor_loses_it() {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};
    let caught = Arc::new(AtomicBool::new(false));
    signal_hook::flag::register(libc::SIGUSR2, Arc::clone(&caught)).unwrap();
    // SAFETY: takes no pointer.
    let target = unsafe { libc::pthread_self() };
    let done = Arc::new(AtomicBool::new(false));
    let storm = thread::spawn({
        let done = Arc::clone(&done);
        move || {
            while !done.load(Ordering::Relaxed) {
                // SAFETY: that thread waits for this one to end.
                unsafe { libc::pthread_kill(target, libc::SIGUSR2) };
                thread::sleep(MS / 10);
            }
        }
    });
    let begin = Instant::now();
    let mut reactor = Eventp::<u32>::new().unwrap();
    let timer = Timer::once(100 * MS).unwrap();
    Countdown { timer, next: vec![100 * MS] }.register_into(&mut reactor).unwrap();
    let mut calls = 0;
    let ran = reactor.run_with(&mut calls);
    let elapsed = begin.elapsed();
    done.store(true, Ordering::Relaxed);
    storm.join().unwrap();
    ran.unwrap();
    assert_eq!(calls, 2);
    assert!(elapsed >= 200 * MS, "{elapsed:?}");
    assert!(caught.load(Ordering::Relaxed), "no signal came");
}
