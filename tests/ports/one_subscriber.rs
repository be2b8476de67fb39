//! What holds for the subscriber as a whole: its key, its removal, its errors, what is seen of it.

use super::*;

#[test]
fn has_one_value_and_one_key_for_all_its_ports() {
    let (mut reactor, handle, peers) = reactor_with(keep);
    assert_eq!(reactor.len(), 1);
    peers.fire_all();
    assert_eq!(run(&mut reactor), [("control", 0), ("timer", 0)], "the group is not armed");
    reactor.arm(handle, Net::ACTIVE).unwrap();
    let mut seen = run(&mut reactor);
    seen.sort_unstable();
    assert_eq!(seen[..3], QUEUES);
    assert_eq!(seen[3..], [("tap", 0)]);
    assert_eq!(reactor.get(handle).unwrap().ports.len(), 2);
    assert_eq!(reactor.len(), 1);
}

#[test]
fn that_is_deleted_is_silent_on_all_ports_in_the_same_batch() {
    let drops = Drops::default();
    let (net, peers) = net_with(keep, &drops);
    let mut reactor = Eventp::<Seen>::new().unwrap();
    let (killer, trigger) = pair();
    let handle = reactor.add(net).unwrap();
    reactor.arm(handle, Net::ACTIVE).unwrap();
    let source = interest().read().edge_triggered().with_fd(killer);
    let counter = drops.clone();
    reactor
        .on(source, move |mut d| {
            d.reactor.delete(handle)?;
            assert_eq!(counter.count(), 1, "its destructor runs at once");
            d.state.push(("killer", 0));
            io::Result::Ok(())
        })
        .unwrap();
    fire(&trigger);
    peers.fire_all();
    assert_eq!(run(&mut reactor), [("killer", 0)]);
    assert_eq!(reactor.len(), 1);
}

#[test]
fn can_delete_itself_from_the_handler_of_any_port() {
    let delete: [Script; 3] = [
        |_, key, mut reactor| reactor.delete(key).map(|()| Flow::Keep),
        |_, _, _| Ok(Flow::Remove),
        |net, key, mut reactor| {
            reactor.delete(key)?;
            assert_eq!(reactor.arm(key, net, Net::ACTIVE).unwrap_err().kind(), ErrorKind::NotFound);
            Ok(Flow::Remove)
        },
    ];
    for script in delete {
        let drops = Drops::default();
        let (net, peers) = net_with(script, &drops);
        let mut reactor = Eventp::new().unwrap();
        let handle = reactor.add(net).unwrap();
        reactor.arm(handle, Net::ACTIVE).unwrap();
        peers.fire_all();
        assert_eq!(run(&mut reactor), [("control", 0)]);
        assert_eq!(drops.count(), 1);
        assert!(!reactor.contains(handle) && reactor.is_empty());
    }
}

#[test]
fn that_fails_is_removed_and_the_error_names_the_field() {
    let (mut reactor, handle, peers) = reactor_with(|_, _, _| Err(io::Error::other("no more")));
    peers.fire_all();
    let mut seen = Seen::new();
    let error = details(reactor.run_once_with(&mut seen, NOW).unwrap_err());
    assert_eq!((error.operation(), error.field()), ("handle", Some("control")));
    assert_eq!(error.key(), Some(handle.key()));
    assert!(error.to_string().contains("field `control`"), "{error}");
    assert_eq!(seen, [("control", 0)]);
    assert!(reactor.is_empty());
}

#[test]
fn can_be_taken_back_with_all_ports_deregistered() {
    let (mut reactor, handle, peers) = reactor_with(keep);
    reactor.arm(handle, Net::ACTIVE).unwrap();
    peers.fire_all();
    let net = reactor.take(handle).unwrap();
    assert_eq!(run(&mut reactor), []);
    assert!(!reactor.contains(handle));
    let again = reactor.add(net).unwrap();
    assert_ne!(again, handle);
    reactor.arm(again, Net::ACTIVE).unwrap();
    assert_eq!(run(&mut reactor).len(), 6, "no fd was left behind");
    assert_eq!(reactor.into_subscribers().filter_map(|it| it.downcast::<Net>().ok()).count(), 1);
}

#[test]
fn lists_its_fields_in_debug_output() {
    let (mut reactor, handle, _peers) = reactor_with(keep);
    let text = format!("{reactor:?}");
    assert!(text.contains("control: fd ") && text.contains("timer: fd "), "{text}");
    assert!(!text.contains("queues"), "{text}");
    reactor.arm(handle, Net::QUEUES).unwrap();
    let text = format!("{reactor:?}");
    assert!((0..3).all(|nth| text.contains(&format!("queues[{nth}]: fd "))), "{text}");
    assert!(text.contains("for read") && text.contains("Net"), "{text}");
}

#[test]
fn survives_a_panic_of_a_handler_with_the_rest_of_its_ports() {
    let (mut reactor, _handle, peers) = reactor_with(|_, _, _| panic!("on purpose"));
    peers.fire_all();
    let mut seen = Seen::new();
    assert!(panics(|| reactor.run_once_with(&mut seen, NOW)));
    assert_eq!(run(&mut reactor), [("timer", 0)]);
}
