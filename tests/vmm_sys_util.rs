//! The feature `vmm-sys-util`: `cargo test --features vmm-sys-util --test vmm_sys_util`.

mod common;

use std::io;
use std::time::Duration;

use common::{LONG, NOW, pair};
use eventp::{
    Dispatch, Event, Eventp, EventpOps, Flow, Key, Pinned, Port, Register, exclusive, handler,
    interest, subscriber,
};
use vmm_sys_util::event::{EventFlag, new_event_consumer_and_notifier};
use vmm_sys_util::eventfd::{EFD_NONBLOCK, EventFd};
use vmm_sys_util::timerfd::TimerFd;

fn eventfd() -> (EventFd, EventFd) {
    let ours = EventFd::new(EFD_NONBLOCK).unwrap();
    let theirs = ours.try_clone().unwrap();
    (ours, theirs)
}

fn timer() -> TimerFd {
    let mut timer = TimerFd::new().unwrap();
    timer.reset(Duration::from_millis(1), None).unwrap();
    timer
}

/// Which events reached whom.
type Seen = Vec<(&'static str, usize)>;

#[subscriber(interest = read)]
struct One {
    #[fd]
    eventfd: EventFd,
}

#[handler]
impl One {
    #[on(readable)]
    fn read(&mut self, seen: &mut Seen) -> io::Result<()> {
        seen.push(("one", self.eventfd.read()? as usize));
        Ok(())
    }
}

#[subscriber(interest = read)]
struct Ticks {
    #[fd]
    timer: TimerFd,
}

#[handler]
impl Ticks {
    fn handle(&mut self, seen: &mut Seen) -> Flow {
        seen.push(("ticks", self.timer.wait().unwrap() as usize));
        Flow::Remove
    }
}

/// Each shape that a field can have, mixed with fds of the standard library.
#[subscriber]
struct Device {
    #[fd(interest = read)]
    activate: EventFd,
    #[fd(interest = read, group = active)]
    queues: Vec<EventFd>,
    #[fd(interest = read, group = active)]
    pair: [EventFd; 2],
    #[fd(interest = read, group = active)]
    limiter: Option<TimerFd>,
    #[fd(interest = read, group = active)]
    nothing: Option<EventFd>,
    #[fd(interest = read, group = active)]
    tap: std::os::unix::net::UnixStream,
}

#[handler]
impl Device {
    #[on(activate)]
    fn activated(
        &mut self,
        key: Key,
        mut reactor: Pinned<'_, impl EventpOps<State = Seen>>,
    ) -> io::Result<()> {
        self.activate.read()?;
        reactor.arm(key, self, Device::ACTIVE)
    }

    #[on(queues)]
    fn kicked(&mut self, port: Port, seen: &mut Seen) -> io::Result<()> {
        self.queues[port.index()].read()?;
        seen.push(("queues", port.index()));
        Ok(())
    }

    #[on(pair)]
    fn either(&mut self, port: Port, seen: &mut Seen) -> io::Result<()> {
        self.pair[port.index()].read()?;
        seen.push(("pair", port.index()));
        Ok(())
    }

    #[on(limiter | nothing | tap)]
    fn refill(&mut self, seen: &mut Seen) -> io::Result<()> {
        let expired = self.limiter.as_mut().unwrap().wait()?;
        seen.push(("limiter", expired as usize));
        Ok(())
    }
}

#[test]
fn an_eventfd_and_a_timerfd_are_fds_of_their_own() {
    let (mut reactor, mut seen) = (Eventp::<Seen>::new().unwrap(), Seen::new());
    let (eventfd, notify) = eventfd();
    let one = One { eventfd }.register_into(&mut reactor).unwrap();
    notify.write(3).unwrap();
    assert_eq!(reactor.run_once_with(&mut seen, NOW).unwrap(), 1);
    Ticks { timer: timer() }.register_into(&mut reactor).unwrap();
    assert_eq!(reactor.run_once_with(&mut seen, LONG).unwrap(), 1);
    assert_eq!(seen, [("one", 3), ("ticks", 1)]);
    reactor.delete(one).unwrap();
}

#[test]
fn so_are_fields_with_one_with_many_with_some_and_with_none() {
    let (mut reactor, mut seen) = (Eventp::<Seen>::new().unwrap(), Seen::new());
    let ((activate, go), (first, _peer_of_first), (second, kick)) =
        (eventfd(), eventfd(), eventfd());
    let ((left, _peer_of_left), (right, push)) = (eventfd(), eventfd());
    let (tap, _peer) = pair();
    let device = Device {
        activate,
        queues: vec![first, second],
        pair: [left, right],
        limiter: Some(timer()),
        nothing: None,
        tap,
    };
    reactor.add(device).unwrap();
    assert_eq!(reactor.iter().next().unwrap().ports().count(), 1);
    go.write(1).unwrap();
    reactor.run_once_with(&mut seen, NOW).unwrap();
    let fields: Vec<_> = reactor.iter().next().unwrap().ports().map(|it| it.field()).collect();
    assert_eq!(fields, ["activate", "queues", "queues", "pair", "pair", "limiter", "tap"]);
    kick.write(1).unwrap();
    push.write(1).unwrap();
    while seen.len() < 3 {
        assert!(reactor.run_once_with(&mut seen, LONG).unwrap() > 0);
    }
    seen.sort_unstable();
    assert_eq!(seen, [("limiter", 1), ("pair", 1), ("queues", 1)]);
}

#[handler]
fn on_kick(eventfd: &mut EventFd, event: Event) -> io::Result<()> {
    assert!(event.is_readable());
    eventfd.read().map(drop)
}

#[test]
fn the_builder_takes_them_in_either_order_and_in_the_short_form() {
    let mut reactor = Eventp::<Seen>::new().unwrap();
    let mut notify = Vec::new();
    let mut fd = || {
        let (ours, theirs) = eventfd();
        notify.push(theirs);
        ours
    };
    reactor.on(interest().read().with_fd(fd()), on_kick::handler).unwrap();
    reactor.on(exclusive().read().with_fd(fd()), |d| d.fd.read().map(drop)).unwrap();
    let chain = interest().read().with_fd(fd()).with_handler(on_kick::handler);
    chain.register_into(&mut reactor).unwrap();
    let chain = interest().read().with_handler(on_kick::handler).with_fd(fd());
    reactor.add(chain).unwrap();
    let closure = |d: Dispatch<'_, EventFd, Eventp<Seen>>| d.fd.read().map(drop);
    interest().read().with_fd(fd()).with_handler(closure).register_into(&mut reactor).unwrap();
    notify.iter().for_each(|fd| fd.write(1).unwrap());
    assert_eq!(reactor.run_once_with(&mut Seen::new(), NOW).unwrap(), 5);
    assert_eq!(reactor.run_once_with(&mut Seen::new(), NOW).unwrap(), 0, "all were read");
}

#[test]
fn consumers_and_notifiers_are_fds_too() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let (consumer, notifier) = new_event_consumer_and_notifier(EventFlag::NONBLOCK).unwrap();
    let key = reactor.on(interest().read().with_fd(consumer), |d| d.fd.consume()).unwrap();
    notifier.notify().unwrap();
    assert_eq!(reactor.run_once(NOW).unwrap(), 1);
    reactor.delete(key).unwrap();
    reactor.on(interest().write().with_fd(notifier), |_| Flow::Remove).unwrap();
    assert_eq!(reactor.run_once(NOW).unwrap(), 1);
}
