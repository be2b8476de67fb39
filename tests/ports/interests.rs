//! Interests port by port: `modify`, one-shot, doorbells.

use super::*;

#[test]
fn are_modified_port_by_port() {
    let (mut reactor, handle, peers) = reactor_with(keep);
    reactor.arm(handle, Net::ACTIVE).unwrap();
    reactor.modify(handle.port(Net::TIMER), Interest::NONE).unwrap();
    fire(&peers.timer);
    fire(&peers.tap);
    assert_eq!(run(&mut reactor), [("tap", 0)]);
    assert_eq!(reactor.interest(handle.port(Net::TIMER)).unwrap(), Interest::NONE);
    assert_eq!(reactor.interest(handle.port(Net::TAP)).unwrap(), interest().read());
    reactor.modify(handle.key().port(Net::TIMER), interest().read()).unwrap();
    assert_eq!(run(&mut reactor), [("timer", 0)]);
}

#[test]
fn of_one_fd_in_a_vec_are_modified_by_its_place() {
    let (mut reactor, handle, peers) = reactor_with(keep);
    reactor.arm(handle, Net::QUEUES).unwrap();
    let third = handle.key().port(Net::QUEUES).at(2);
    reactor.modify(third, Interest::NONE).unwrap();
    peers.queues.iter().for_each(fire);
    assert_eq!(run(&mut reactor), QUEUES[..2]);
    assert_eq!(reactor.interest(third).unwrap(), Interest::NONE);
    reactor.modify(third, interest().read()).unwrap();
    assert_eq!(run(&mut reactor), QUEUES[2..]);
    let fourth = handle.port(Net::QUEUES).at(3);
    assert_eq!(reactor.modify(fourth, edge()).unwrap_err().kind(), ErrorKind::NotFound);
}

#[test]
fn of_a_key_alone_are_ambiguous() {
    let (mut reactor, handle, _peers) = reactor_with(keep);
    for error in
        [reactor.modify(handle, edge()).unwrap_err(), reactor.interest(handle.key()).unwrap_err()]
    {
        assert_eq!(error.kind(), ErrorKind::InvalidInput);
        assert!(error.to_string().contains("say which: `key.port("), "{error}");
    }
}

/// A single fd is named by its field, too, if it is not a plain one.
#[test]
fn of_the_key_of_one_named_port_are_refused_without_a_word_of_others() {
    #[subscriber]
    struct Raw {
        #[fd(interest = read, raw)]
        fd: UnixStream,
    }

    #[handler]
    impl Raw {
        #[on(fd)]
        fn ready(&mut self) {}
    }

    let mut reactor = Eventp::<()>::new().unwrap();
    let handle = reactor.add(Raw { fd: UnixStream::pair().unwrap().0 }).unwrap();
    let error = reactor.modify(handle, edge()).unwrap_err();
    let text = "its ports are named by their fields; say which: `key.port(Type::FIELD)`";
    assert!(error.to_string().ends_with(text), "{error}");
    reactor.modify(handle.port(Raw::FD), edge()).unwrap();
}

#[test]
fn that_one_port_cannot_have_leave_all_as_they_were() {
    let mut reactor = Eventp::<Seen>::new().unwrap();
    let (handle, pairs) = numbers(&mut reactor);
    reactor.arm(handle, Numbers::LATER).unwrap();
    reactor.modify(handle.port(Numbers::B).at(0), edge().priority()).unwrap();
    close_behind(reactor.get(handle).unwrap().b[1].0);
    let all = Numbers::A.with(Numbers::B);
    let error = reactor.modify(handle.port(all), Interest::NONE).unwrap_err();
    assert_eq!(details(error).field(), Some("b"));
    assert_eq!(reactor.interest(handle.port(Numbers::A)).unwrap(), edge());
    assert_eq!(reactor.interest(handle.port(Numbers::B)).unwrap(), edge().priority());
    pairs.iter().for_each(|(_, peer)| fire(peer));
    assert_eq!(run_dedup(&mut reactor)[..2], [("a", 0), ("b", 0)]);
}

/// Each of its ports is silent after one event.
#[subscriber]
struct Shots {
    #[fd(interest = read | oneshot)]
    a: UnixStream,
    #[fd(interest = read | oneshot)]
    b: Vec<UnixStream>,
}

#[handler]
impl Shots {
    fn handle(&mut self, event: Event, port: Port, seen: &mut Seen) {
        assert!(event.is_readable());
        seen.push((if Shots::A.contains(port) { "a" } else { "b" }, port.index()));
    }
}

#[test]
fn that_are_one_shot_are_spent_port_by_port() {
    let ((a, a_peer), (b0, b0_peer), (b1, b1_peer)) = (pair(), pair(), pair());
    let mut reactor = Eventp::<Seen>::new().unwrap();
    let handle = reactor.add(Shots { a, b: vec![b0, b1] }).unwrap();
    [&a_peer, &b0_peer, &b1_peer].into_iter().for_each(fire);
    assert_eq!(run(&mut reactor), [("a", 0), ("b", 0), ("b", 1)]);
    [&a_peer, &b0_peer, &b1_peer].into_iter().for_each(fire);
    assert_eq!(run(&mut reactor), []);
    let once = interest().read().oneshot();
    reactor.modify(handle.port(Shots::B).at(1), once).unwrap();
    assert_eq!(run(&mut reactor), [("b", 1)]);
    reactor.disarm(handle, Shots::A).unwrap();
    reactor.arm(handle, Shots::A).unwrap();
    assert_eq!(run(&mut reactor), [("a", 0)]);
}

/// Never reads.
#[subscriber]
struct Bells {
    #[fd(interest = doorbell)]
    stop: Doorbell,
    #[fd(interest = doorbell)]
    kick: Vec<Doorbell>,
}

#[handler]
impl Bells {
    #[on(stop)]
    fn stop(&mut self, seen: &mut Seen) -> Flow {
        seen.push(("stop", 0));
        Flow::Stop
    }

    #[on(kick, readable)]
    fn kicked(&mut self, seen: &mut Seen, port: Port) {
        seen.push(("kick", port.index()));
    }
}

#[test]
fn of_doorbells_make_many_rings_one_event_and_need_no_read() {
    let bell = || Doorbell::new().unwrap();
    let (stop, kick) = (bell(), vec![bell(), bell()]);
    let ringers: Vec<_> = kick.iter().map(|bell| bell.try_clone().unwrap()).collect();
    let stopper = stop.try_clone().unwrap();
    let mut reactor = Eventp::<Seen>::new().unwrap();
    reactor.add(Bells { stop, kick }).unwrap();
    for _ in 0..3 {
        (0..100).for_each(|_| ringers[1].ring().unwrap());
        assert_eq!(run(&mut reactor), [("kick", 1)]);
    }
    assert_eq!(run(&mut reactor), []);
    stopper.ring().unwrap();
    let mut seen = Seen::new();
    reactor.run_with(&mut seen).unwrap();
    assert_eq!(seen, [("stop", 0)]);
}
