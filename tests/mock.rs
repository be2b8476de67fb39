//! `MockEventp` and `pinned!`: user code tested without a kernel. That it answers like the real reactor is `mock_differential.rs`'s.

mod common;

use std::cell::RefCell;
use std::io::{self, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::rc::Rc;

use common::{Drops, Log, With, pair, panics};
use eventp::{
    Error, Event, Eventp, EventpOps, Flow, Key, MockEventp, Operation, Pinned, Port, Register,
    event, handler, interest, pinned, subscriber,
};

/// The program of the documentation: a function that takes whatever accepts.
mod a_function_is_called_directly {
    use super::*;

    #[derive(Default)]
    struct Server {
        accepted: usize,
    }

    trait Accept {
        fn accept(&mut self) -> io::Result<UnixStream>;
    }

    struct FakeListener {
        waiting: Vec<UnixStream>,
        _peers: Vec<UnixStream>,
    }

    impl FakeListener {
        fn with(clients: usize) -> Self {
            let (waiting, _peers) = (0..clients).map(|_| pair()).unzip();
            Self { waiting, _peers }
        }
    }

    impl Accept for FakeListener {
        fn accept(&mut self) -> io::Result<UnixStream> {
            self.waiting.pop().ok_or_else(|| ErrorKind::WouldBlock.into())
        }
    }

    #[handler]
    fn on_connection(
        listener: &mut impl Accept,
        mut reactor: Pinned<'_, impl EventpOps<State = Server>>,
        #[state] server: &mut Server,
    ) -> io::Result<()> {
        loop {
            match listener.accept() {
                Ok(stream) => {
                    server.accepted += 1;
                    reactor.on(interest().read().with_fd(stream), |_| Flow::Remove)?;
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }

    #[test]
    fn with_a_fake_and_what_it_asked_for_is_on_record() {
        let mut reactor = MockEventp::<Server>::new();
        let mut server = Server::default();
        on_connection(&mut FakeListener::with(1), pinned!(reactor), &mut server).unwrap();
        assert_eq!(reactor.operations().len(), 1);
        assert!(matches!(reactor.operations()[0], Operation::Add { .. }));

        assert_eq!(server.accepted, 1);
        let key = reactor.operations()[0].key().unwrap();
        assert_eq!(reactor.fire_with(&mut server, key, event().readable()).unwrap(), 1);
        assert!(reactor.is_empty());
    }

    #[test]
    fn and_sees_the_second_add_fail() {
        let mut reactor = MockEventp::<Server>::new();
        let mut server = Server::default();
        reactor.fail_nth(2, io::Error::from_raw_os_error(libc::ENOSPC));
        let error = on_connection(&mut FakeListener::with(3), pinned!(reactor), &mut server);
        assert_eq!(error.unwrap_err().kind(), ErrorKind::StorageFull);
        assert_eq!((server.accepted, reactor.len()), (2, 1));
        let [first, second] = reactor.operations() else { panic!("{:?}", reactor.operations()) };
        assert_eq!((first.error(), second.error()), (None, Some(ErrorKind::StorageFull)));
        assert!(first.key().is_some() && second.key().is_none());
    }

    #[test]
    fn with_the_real_reactor_too_and_through_any_reference() {
        fn indirectly(reactor: &mut Eventp<Server>, server: &mut Server) -> io::Result<()> {
            on_connection(&mut FakeListener::with(1), pinned!(reactor), server)
        }
        let (mut reactor, mut server) = (Eventp::<Server>::new().unwrap(), Server::default());
        on_connection(&mut FakeListener::with(1), pinned!(reactor), &mut server).unwrap();
        on_connection(&mut FakeListener::with(1), pinned!(&mut reactor), &mut server).unwrap();
        indirectly(&mut reactor, &mut server).unwrap();
        let mut narrow = pinned!(reactor);
        on_connection(&mut FakeListener::with(1), pinned!(narrow), &mut server).unwrap();
        on_connection(&mut FakeListener::with(1), narrow, &mut server).unwrap();
        assert_eq!((reactor.len(), server.accepted), (5, 5));
    }
}

/// A device with several fds, whose handler arms the others.
#[derive(Debug)]
#[subscriber]
struct Net {
    #[fd(interest = read)]
    activate: UnixStream,
    #[fd(interest = read, group = active)]
    queues: Vec<UnixStream>,
    #[fd(interest = read | oneshot, group = active)]
    tap: Option<UnixStream>,
}

#[handler]
impl Net {
    #[on(activate)]
    fn activated(
        &mut self,
        key: Key,
        mut reactor: Pinned<'_, impl EventpOps<State = Vec<String>>>,
    ) -> io::Result<()> {
        reactor.disarm(key, Net::ACTIVATE)?;
        reactor.arm(key, self, Net::ACTIVE)
    }

    #[on(queues)]
    fn kicked(&mut self, port: Port, seen: &mut Vec<String>) {
        seen.push(format!("queue {}", port.index()));
    }

    #[on(tap, readable)]
    fn frames(&mut self, seen: &mut Vec<String>, event: Event) {
        seen.push(format!("tap {event:?}"));
    }
}

fn net() -> Net {
    let stream = || pair().0;
    Net { activate: stream(), queues: vec![stream(), stream()], tap: Some(stream()) }
}

#[test]
fn a_subscriber_with_several_fds_is_driven_through_a_script() {
    let (mut reactor, mut seen) = (MockEventp::<Vec<String>>::new(), Vec::new());
    let net = net().register_into(&mut reactor).unwrap();
    assert_eq!(
        reactor.fire_with(&mut seen, net.port(Net::ACTIVATE), event().readable()).unwrap(),
        1
    );
    let script = [
        (net.port(Net::QUEUES).at(1), event().readable()),
        (net.port(Net::QUEUES), event().readable()),
        (net.port(Net::TAP), event().readable().writable()),
        (net.port(Net::TAP), event().readable()),
    ];
    assert_eq!(reactor.fire_all_with(&mut seen, script).unwrap(), 4);
    assert_eq!(seen, ["queue 1", "queue 0", "queue 1", "tap readable"]);
    let refused = reactor.fire_with(&mut seen, net.port(Net::ACTIVATE), event().readable());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::NotFound);
    let refused = reactor.fire_with(&mut seen, net, event().readable());
    assert_eq!(refused.unwrap_err().kind(), ErrorKind::InvalidInput);

    let [Operation::Add { type_name, .. }, Operation::Disarm { ports: disarmed, .. }, armed] =
        &reactor.take_operations()[..]
    else {
        panic!("something else was asked for")
    };
    assert!(type_name.ends_with("Net"));
    assert_eq!(disarmed[0].field(), "activate");
    let Operation::Arm { ports, error: None, key, .. } = armed else { panic!("{armed:?}") };
    assert_eq!(*key, net.key());
    assert_eq!(ports.iter().map(|it| it.field()).collect::<Vec<_>>(), ["queues", "queues", "tap"]);
    assert!(ports[2].interest().is_oneshot());
    assert!(reactor.operations().is_empty());
}

#[test]
fn an_event_that_was_not_asked_for_is_not_reported_but_errors_are() {
    let mut reactor = MockEventp::<Vec<Event>>::new();
    let mut seen = Vec::new();
    let key = reactor.on(interest().write().with_fd(pair().0), |d| d.state.push(d.event)).unwrap();
    let script = [event().readable(), event().readable().writable(), event().hangup().priority()];
    assert_eq!(reactor.fire_all_with(&mut seen, script.map(|it| (key, it))).unwrap(), 2);
    assert_eq!(seen, [event().writable(), event().hangup()]);
}

mod told_to_fail {
    use super::*;

    fn details(error: io::Error) -> Error {
        error.downcast().unwrap()
    }

    #[test]
    fn each_operation_does_and_changes_nothing_and_says_so_like_the_real_one() {
        let mut reactor = MockEventp::<Vec<String>>::new();
        let net = reactor.add(net()).unwrap();
        reactor.take_operations();
        for _ in 0..6 {
            reactor.fail_next(io::Error::from_raw_os_error(libc::ENOMEM));
        }
        let activate = net.port(Net::ACTIVATE);
        let failed = [
            reactor.modify(activate, interest()),
            reactor.arm(net, Net::ACTIVE),
            reactor.disarm(net, Net::ACTIVATE),
            reactor.trigger(activate, event().readable()),
            reactor.delete(net),
            reactor.on(interest().with_fd(pair().0), |_| ()).map(drop),
        ];
        let fields =
            [Some("activate"), Some("queues"), Some("activate"), Some("activate"), None, None];
        let names = ["modify", "arm", "disarm", "trigger", "delete", "add"];
        for ((failed, field), name) in failed.into_iter().zip(fields).zip(names) {
            let error = details(failed.unwrap_err());
            assert_eq!((error.operation(), error.kind()), (name, ErrorKind::OutOfMemory));
            assert_eq!(error.io_error().raw_os_error(), Some(libc::ENOMEM));
            assert!(error.type_name().is_some(), "{error}");
            assert_eq!(error.field(), field, "{error}");
        }
        assert_eq!(reactor.operations().len(), 6);
        assert!(reactor.operations().iter().all(|it| it.error() == Some(ErrorKind::OutOfMemory)));
        assert_eq!(reactor.len(), 1);
        assert!(reactor.interest(activate).unwrap().is_read());
        assert_eq!(reactor.turn_with(&mut Vec::new()).unwrap(), 0);
        reactor.arm(net, Net::ACTIVE).unwrap();
    }

    #[test]
    fn the_text_is_that_of_the_real_one() {
        let mut reactor = MockEventp::<()>::new();
        let stream = pair().0;
        let number = std::os::fd::AsRawFd::as_raw_fd(&stream);
        reactor.fail_next(io::Error::from_raw_os_error(libc::ENOSPC));
        let text = reactor.on(interest().with_fd(stream), |_| ()).unwrap_err().to_string();
        assert!(text.starts_with(&format!("add of fd {number} (`")), "{text}");
        assert!(text.contains("; the limit in `/proc/sys/fs/epoll/max_user_watches`"), "{text}");
    }

    #[test]
    fn in_a_handler_it_is_the_handler_that_sees_it() {
        let mut reactor = MockEventp::<()>::new();
        let source = interest().read().with_fd(pair().0);
        let key = reactor.on(source, |mut d| d.reactor.modify(d.key, interest())).unwrap();
        reactor.fail_next(io::Error::other("no"));
        let error = details(reactor.fire(key, event().readable()).unwrap_err());
        assert_eq!((error.operation(), error.key()), ("handle", Some(key)));
        assert!(error.to_string().contains("modify of fd"), "{error}");
        assert!(!reactor.contains(key), "as in the real one, an error removes the subscriber");
        assert!(matches!(reactor.operations(), [_, Operation::Modify { error: Some(_), .. }]));
    }

    #[test]
    #[should_panic(expected = "there is no operation 0")]
    fn the_nth_is_counted_from_one() {
        MockEventp::<()>::new().fail_nth(0, ErrorKind::Other.into());
    }
}

#[test]
fn what_is_given_to_try_add_comes_back() {
    let mut reactor = MockEventp::<Vec<String>>::new();
    reactor.fail_next(ErrorKind::OutOfMemory.into());
    let (net, _error) = reactor.try_add(net()).unwrap_err();
    let mut net = reactor.add(net).unwrap();
    assert_eq!(reactor.get(net).unwrap().queues.len(), 2);
    reactor.get_mut(net).unwrap().queues.clear();
    let taken = reactor.take(net).unwrap();
    assert!(taken.queues.is_empty());
    assert_eq!(reactor.get(net).unwrap_err().kind(), ErrorKind::NotFound);
    let stale = std::mem::replace(&mut net, reactor.add(taken).unwrap());
    assert_eq!(reactor.take(stale).unwrap_err().kind(), ErrorKind::NotFound);
    assert!(reactor.contains(net) && !reactor.contains(stale));
}

#[test]
fn a_key_of_another_reactor_is_unknown() {
    let (mut one, mut other) = (MockEventp::<()>::new(), MockEventp::<()>::new());
    let key = one.on(interest().read().with_fd(pair().0), |_| ()).unwrap();
    other.on(interest().read().with_fd(pair().0), |_| ()).unwrap();
    assert_eq!(other.fire(key, event().readable()).unwrap_err().kind(), ErrorKind::NotFound);
    assert_eq!(other.delete(key).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn without_a_hook_each_call_returns_one_error_and_with_one_it_is_told_of_all() {
    let mut reactor = MockEventp::<Vec<String>>::new();
    let mut fails = || {
        let source = interest().read().with_fd(pair().0);
        reactor.on(source, |_| Err::<(), _>(io::Error::other("broken"))).unwrap()
    };
    let keys = [fails(), fails(), fails()];
    let mut told = Vec::new();
    let batch = keys.map(|key| (key, event().readable()));
    assert!(reactor.fire_batch_with(&mut told, [batch[0], batch[1]]).is_err());
    assert!(reactor.turn_with(&mut told).is_err());
    assert_eq!(reactor.turn_with(&mut told).unwrap(), 0);
    reactor.on_error(|error, told| told.push(error.to_string()));
    assert_eq!(reactor.fire_batch_with(&mut told, [batch[2]]).unwrap(), 1);
    assert!(told[0].starts_with("handle of fd") && told[0].ends_with("broken"), "{told:?}");
    assert!(reactor.is_empty());
}

#[test]
fn a_panic_goes_through_and_the_rest_of_the_batch_is_kept() {
    let (log, drops) = (Log::default(), Drops::default());
    let mut reactor = MockEventp::<()>::new();
    let words = log.clone();
    let source = interest().read().with_fd(With(pair().0, drops.guard()));
    let bad = reactor.on(source, move |mut d| -> io::Result<()> {
        words.say("bad");
        d.reactor.delete(d.key)?;
        std::panic::resume_unwind(Box::new("on purpose"))
    });
    let words = log.clone();
    let good = reactor.on(interest().read().with_fd(pair().0), move |_| words.say("good")).unwrap();
    let batch = [bad.unwrap(), good].map(|key| (key, event().readable()));
    assert!(panics(|| reactor.fire_batch(batch)));
    assert_eq!((log.take(), drops.count()), (vec!["bad"], 0));
    assert_eq!(reactor.fire(good, event().readable()).unwrap(), 2);
    assert_eq!((log.take(), drops.count()), (vec!["good", "good"], 1));
}

#[test]
fn a_destructor_that_panics_leaves_it_usable() {
    struct Bomb;
    impl Drop for Bomb {
        fn drop(&mut self) {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
    }
    let mut reactor = MockEventp::<()>::new();
    let mut bomb =
        |flow| reactor.on(interest().read().with_fd(With(pair().0, Bomb)), move |_| flow).unwrap();
    let (deleted, removed) = (bomb(Flow::Keep), bomb(Flow::Remove));
    assert!(panics(|| reactor.delete(deleted)));
    assert!(panics(|| reactor.fire(removed, event().readable())));
    assert!(reactor.is_empty());
    assert!(matches!(reactor.operations(), [.., Operation::Delete { error: None, .. }]));
}

#[test]
fn a_stop_stays_asked_for_and_only_what_was_called_is_recorded() {
    let mut reactor = MockEventp::<()>::new();
    let key = reactor.on(interest().read().with_fd(pair().0), |_| Flow::Stop).unwrap();
    assert!(!reactor.is_stopping());
    reactor.fire(key, event().readable()).unwrap();
    assert!(reactor.is_stopping());
    assert_eq!(reactor.operations().len(), 1, "`Flow::Stop` is an answer, not an operation");
    pinned!(reactor).stop();
    assert_eq!(reactor.operations()[1], Operation::Stop);
}

#[test]
fn debug_and_iter_list_what_is_registered() {
    let mut reactor = MockEventp::<Vec<String>>::default();
    let net = reactor.add(net()).unwrap();
    let entry = reactor.iter().next().unwrap();
    assert_eq!(entry.handle::<Net>(), Some(net));
    assert_eq!(entry.downcast_ref::<Net>().unwrap().queues.len(), 2);
    assert_eq!(entry.ports().count(), 1);
    let fd = entry.ports().next().unwrap().fd();
    let text = format!("{reactor:?}");
    assert!(text.starts_with("MockEventp [mock::Net { key: Key("), "{text}");
    assert!(text.ends_with(&format!("activate: fd {fd} for read }}]")), "{text}");
}

#[test]
fn a_shared_subscriber_is_one_and_a_borrowed_cell_is_its_own_error() {
    let shared = Rc::new(RefCell::new(net()));
    let (mut reactor, mut seen) = (MockEventp::<Vec<String>>::new(), Vec::new());
    let guard = shared.borrow_mut();
    let (_shared, refused) = reactor.try_add(Rc::clone(&shared)).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ResourceBusy);
    drop(guard);
    let handle = reactor.add(Rc::clone(&shared)).unwrap();
    reactor.fire_with(&mut seen, handle.port(Net::ACTIVATE), event().readable()).unwrap();
    reactor.fire_with(&mut seen, handle.port(Net::QUEUES).at(0), event().readable()).unwrap();
    assert_eq!(seen, ["queue 0"]);
    let guard = shared.borrow_mut();
    let failed = reactor.fire_with(&mut seen, handle.port(Net::TAP), event().readable());
    assert_eq!(failed.unwrap_err().kind(), ErrorKind::ResourceBusy);
    assert!(reactor.is_empty());
    drop(guard);
}

/// The state may borrow, as in the real reactor.
#[test]
fn the_state_can_have_a_lifetime() {
    struct Sink<'a> {
        out: &'a mut Vec<u8>,
    }
    let mut out = Vec::new();
    let mut sink = Sink { out: &mut out };
    let mut reactor = MockEventp::<Sink<'_>>::new();
    let key =
        reactor.on(interest().read().with_fd(pair().0), |d| d.state.out.write_all(b"x")).unwrap();
    reactor.fire_with(&mut sink, key, event().readable()).unwrap();
    drop(reactor);
    assert_eq!(out, b"x");
}

struct NotOpen;

impl std::os::fd::AsRawFd for NotOpen {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        -1
    }
}

#[subscriber]
struct Unopened {
    #[fd(interest = read, raw)]
    fd: NotOpen,
}

#[handler]
impl Unopened {
    #[on(fd)]
    fn ready(&mut self) {
        panic!("no fd");
    }
}

#[test]
fn an_fd_that_is_none_is_refused_and_not_named_as_by_the_real_reactor() {
    let real = Unopened { fd: NotOpen }.register_into(&mut Eventp::<()>::new().unwrap());
    let mock = Unopened { fd: NotOpen }.register_into(&mut MockEventp::<()>::new());
    for refused in [real.unwrap_err(), mock.unwrap_err()] {
        assert_eq!(refused.kind(), ErrorKind::InvalidInput);
        assert_eq!(refused.downcast::<Error>().unwrap().fd(), None);
    }
}
