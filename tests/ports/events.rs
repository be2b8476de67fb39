//! Which method gets which event of which port.

use super::*;

/// Names ports with events, and leaves the rest to a method for all ports.
#[subscriber]
struct Mixed {
    #[fd(interest = read | write | edge_triggered)]
    a: UnixStream,
    #[fd(interest = read | edge_triggered)]
    b: UnixStream,
}

#[handler]
impl Mixed {
    #[on(a, writable)]
    fn a_writable(&mut self, seen: &mut Seen) {
        seen.push(("a writable", 0));
    }

    #[on(b, hangup)]
    fn b_hangup(&mut self, seen: &mut Seen) {
        seen.push(("b hangup", 0));
    }

    #[on(readable)]
    fn any_readable(&mut self, seen: &mut Seen, port: Port, event: Event) {
        let name = if Mixed::A.contains(port) { "a" } else { "b" };
        seen.push((name, usize::from(event.is_readable())));
    }
}

#[test]
fn go_to_the_methods_that_name_them_for_the_port() {
    let ((a, a_peer), (b, mut b_peer)) = (pair(), pair());
    let mut reactor = Eventp::<Seen>::new().unwrap();
    reactor.add(Mixed { a, b }).unwrap();
    assert_eq!(run(&mut reactor), [("a writable", 0)]);
    b_peer.write_all(b"x").unwrap();
    assert_eq!(run(&mut reactor), [("b", 1)]);
    drop(b_peer);
    assert_eq!(run(&mut reactor), [("b hangup", 0), ("b", 1)]);
    drop(a_peer);
    assert_eq!(run(&mut reactor), [("a writable", 0), ("a", 1)]);
}

/// Is generic, and may be told of one fd more.
#[subscriber]
struct Generic<T: AsFd, const N: usize> {
    #[fd(interest = read)]
    one: T,
    #[fd(interest = read)]
    many: [T; N],
    #[cfg(any())]
    #[fd(interest = read)]
    never: NoSuchType,
}

#[handler]
impl<T: AsFd, const N: usize> Generic<T, N> {
    #[on(one)]
    fn one(&mut self, seen: &mut Seen) -> Flow {
        seen.push(("one", N));
        Flow::Remove
    }

    #[on(many)]
    fn many(&mut self, seen: &mut Seen, port: Port) -> Flow {
        seen.push(("many", port.index()));
        Flow::Remove
    }
}

#[test]
fn of_a_generic_struct_are_delivered() {
    let ((one, _one_peer), (first, _first_peer), (second, peer)) = (pair(), pair(), pair());
    let mut reactor = Eventp::<Seen>::new().unwrap();
    reactor.add(Generic { one, many: [first, second] }).unwrap();
    fire(&peer);
    assert_eq!(run(&mut reactor), [("many", 1)]);
    assert!(reactor.is_empty());
}
