//! Arming and disarming: from handlers and from outside, with fields that change in between.

use super::*;

#[test]
fn from_a_handler_takes_self_and_disarms_the_own_port() {
    let (mut reactor, handle, peers) = reactor_with(|net, key, mut reactor| {
        reactor.disarm(key, Net::CONTROL)?;
        reactor.arm(key, net, Net::ACTIVE)?;
        Ok(Flow::Keep)
    });
    peers.fire_all();
    assert_eq!(run_once(&mut reactor), [("control", 0), ("timer", 0)]);
    peers.fire_all();
    let mut seen = run(&mut reactor);
    seen.sort_unstable();
    assert_eq!(seen, [&QUEUES[..], &[("tap", 0), ("timer", 0)]].concat());
    assert_eq!(armed(&reactor), ["queues", "queues", "queues", "tap", "timer"]);
    reactor.arm(handle, Net::CONTROL).unwrap();
    assert_eq!(armed(&reactor)[0], "control");
}

#[test]
fn again_in_the_same_batch_delivers_no_stale_event() {
    let (mut reactor, _handle, peers) = reactor_with(|net, key, mut reactor| {
        reactor.disarm(key, Net::TIMER)?;
        drain(&net.timer);
        reactor.arm(key, net, Net::TIMER)?;
        Ok(Flow::Keep)
    });
    for _ in 0..3 {
        peers.fire_all();
        assert_eq!(run(&mut reactor), [("control", 0)]);
    }
    fire(&peers.timer);
    assert_eq!(run(&mut reactor), [("timer", 0)]);
}

#[test]
fn a_disarmed_port_is_silent_in_the_same_batch() {
    let (mut reactor, _handle, peers) = reactor_with(|_, key, mut reactor| {
        reactor.disarm(key, Net::TIMER)?;
        Ok(Flow::Keep)
    });
    peers.fire_all();
    assert_eq!(run(&mut reactor), [("control", 0)]);
    assert_eq!(armed(&reactor), ["control"]);
}

#[test]
fn twice_is_refused_and_names_the_field() {
    let (mut reactor, handle, _peers) = reactor_with(keep);
    reactor.arm(handle, Net::TAP).unwrap();
    let error = reactor.arm(handle, Net::ACTIVE).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    let error = details(error);
    assert_eq!((error.operation(), error.field()), ("arm", Some("tap")));
    assert_eq!(armed(&reactor), ["control", "tap", "timer"], "the queues are not either");
    reactor.arm(handle, Net::QUEUES).unwrap();
}

#[test]
fn what_is_not_armed_cannot_be_disarmed_or_modified() {
    let (mut reactor, handle, _peers) = reactor_with(keep);
    let gone = reactor.disarm(handle, Net::ACTIVE).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound, "{gone}");
    assert!(gone.to_string().contains("none of these ports is armed"), "{gone}");
    let read = interest().read();
    let gone = reactor.modify(handle.port(Net::TAP), read).unwrap_err();
    assert_eq!(gone.kind(), ErrorKind::NotFound);
    reactor.delete(handle).unwrap();
    for gone in [
        reactor.arm(handle, Net::ACTIVE),
        reactor.disarm(handle, Net::CONTROL),
        reactor.modify(handle.port(Net::CONTROL), read),
    ] {
        assert_eq!(gone.unwrap_err().kind(), ErrorKind::NotFound);
    }
}

#[test]
fn asks_a_vec_for_the_fds_that_it_has_now() {
    let (mut reactor, handle, mut peers) = reactor_with(keep);
    for length in [3, 5, 1, 0, 8] {
        let queues = &mut reactor.get_mut(handle).unwrap().queues;
        queues.truncate(length);
        peers.queues.truncate(length);
        while queues.len() < length {
            let (queue, peer) = pair();
            queues.push(queue);
            peers.queues.push(peer);
        }
        reactor.arm(handle, Net::QUEUES).unwrap();
        peers.queues.iter().for_each(fire);
        let expected: Vec<_> = (0..length).map(|at| ("queues", at)).collect();
        assert_eq!(run(&mut reactor), expected);
        if length > 0 {
            reactor.disarm(handle, Net::QUEUES).unwrap();
        }
    }
}

#[test]
fn a_vec_that_shrank_while_armed_can_be_disarmed() {
    let (mut reactor, handle, peers) = reactor_with(keep);
    reactor.arm(handle, Net::QUEUES).unwrap();
    let removed = reactor.get_mut(handle).unwrap().queues.split_off(1);
    peers.queues.iter().for_each(fire);
    reactor.disarm(handle, Net::QUEUES).unwrap();
    assert_eq!(run(&mut reactor), []);
    drop(removed);
    reactor.arm(handle, Net::QUEUES).unwrap();
    assert_eq!(run(&mut reactor), [("queues", 0)]);
}

#[test]
fn an_option_is_one_fd_or_none() {
    let (mut reactor, handle, peers) = reactor_with(keep);
    let tap = reactor.get_mut(handle).unwrap().tap.take();
    reactor.arm(handle, Net::TAP).unwrap();
    assert_eq!(armed(&reactor), ["control", "timer"]);
    reactor.get_mut(handle).unwrap().tap = tap;
    reactor.arm(handle, Net::TAP).unwrap();
    fire(&peers.tap);
    assert_eq!(run(&mut reactor), [("tap", 0)]);
}

#[test]
fn another_subscriber_is_armed_by_its_handle() {
    let (mut reactor, handle, peers) = reactor_with(keep);
    let (stream, trigger) = pair();
    reactor.on(edge().with_fd(stream), move |mut d| d.reactor.arm_other(handle, Net::TAP)).unwrap();
    fire(&trigger);
    fire(&peers.tap);
    assert_eq!(run(&mut reactor), [("tap", 0)]);
}

#[test]
fn needs_the_ports_of_the_type_that_is_registered() {
    let (mut reactor, handle, _peers) = reactor_with(keep);
    let (one, _peer) = pair();
    let key = reactor.on(edge().with_fd(one), |_| ()).unwrap();
    for (key, kind) in [(key, ErrorKind::NotFound), (handle.key(), ErrorKind::AlreadyExists)] {
        let (other, _peers) = net(keep);
        let mut pinned = Pinned::new(&mut reactor);
        assert_eq!(pinned.arm(key, &other, Net::CONTROL).unwrap_err().kind(), kind);
    }
    assert_eq!(reactor.disarm(key, Net::CONTROL).unwrap_err().kind(), ErrorKind::NotFound);
}
