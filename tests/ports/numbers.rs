//! Fd numbers that tests close and reuse behind the back of the reactor, and its rebuild.

use super::*;

#[test]
fn an_fd_closed_behind_the_back_costs_one_port_only() {
    let mut reactor = Eventp::<Seen>::new().unwrap();
    let (handle, pairs) = numbers(&mut reactor);
    reactor.arm(handle, Numbers::B).unwrap();
    // The open files live on in the streams, and so do their registrations: ghosts.
    close_behind(reactor.get(handle).unwrap().b[0].0);
    reactor.disarm(handle, Numbers::B).unwrap();
    pairs.iter().for_each(|(_, peer)| fire(peer));
    assert_eq!(run_dedup(&mut reactor), [("a", 0)]);
    dup2(&pairs[0].0, reactor.get(handle).unwrap().b[0].0);
    reactor.arm(handle, Numbers::B).unwrap();
    pairs.iter().for_each(|(_, peer)| fire(peer));
    assert_eq!(run_dedup(&mut reactor), [("a", 0), ("b", 0), ("b", 1)]);
    reactor.delete(handle).unwrap();
    pairs.iter().for_each(|(_, peer)| fire(peer));
    assert_eq!(run(&mut reactor), []);
}

#[test]
fn a_number_can_go_from_one_port_to_another_of_the_same_subscriber() {
    let mut reactor = Eventp::<Seen>::new().unwrap();
    let (handle, [(_old, old_peer), (new, new_peer), _]) = numbers(&mut reactor);
    // The fd of `a` is closed and its number given to another file, and nobody tells the reactor.
    let it = reactor.get_mut(handle).unwrap();
    it.b.truncate(1);
    it.b[0] = Number(it.a.0);
    dup2(&new, it.a.0);
    reactor.arm(handle, Numbers::B).unwrap();
    fire(&old_peer);
    fire(&new_peer);
    assert_eq!(run_dedup(&mut reactor), [("b", 0)], "the ghost of `a` reaches nobody");
    assert_eq!(armed(&reactor), ["b"]);
    let other = high_number();
    dup2(&new, other);
    reactor.get_mut(handle).unwrap().a = Number(other);
    reactor.arm(handle, Numbers::A).unwrap();
    fire(&new_peer);
    assert_eq!(run_dedup(&mut reactor), [("a", 0), ("b", 0)]);
    reactor.delete(handle).unwrap();
    fire(&new_peer);
    assert_eq!(run(&mut reactor), []);
}

#[test]
fn a_rebuild_keeps_every_port() {
    let (mut reactor, handle, peers) = reactor_with(keep);
    reactor.arm(handle, Net::ACTIVE).unwrap();
    reactor.disarm(handle, Net::TAP).unwrap();
    reactor.modify(handle.port(Net::QUEUES).at(1), Interest::NONE).unwrap();
    let (stream, ghost_peer) = pair();
    let stream = at(high_number(), stream);
    let open_file = dup(&stream);
    let source = interest().read().with_fd(Number(stream.as_raw_fd()));
    let ghost = reactor.on(source, |_| panic!("a ghost")).unwrap();
    drop(stream);
    reactor.delete(ghost).unwrap();
    fire(&ghost_peer);
    assert_eq!(reactor.run_once_with(&mut Seen::new(), LONG).unwrap(), 0, "the ghost");
    drop(open_file);

    peers.fire_all();
    let mut seen = run(&mut reactor);
    seen.sort_unstable();
    assert_eq!(seen, [("control", 0), ("queues", 0), ("queues", 2), ("timer", 0)]);
    reactor.modify(handle.port(Net::QUEUES).at(1), interest().read()).unwrap();
    reactor.arm(handle, Net::TAP).unwrap();
    assert_eq!(run(&mut reactor).len(), 2);
}
