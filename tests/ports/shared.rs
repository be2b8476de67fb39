//! `Arc<Mutex<T>>` and `Rc<RefCell<T>>` of a subscriber.

use super::*;

/// A subscriber that others hold as well.
#[subscriber]
struct Meter {
    #[fd(interest = read)]
    a: UnixStream,
    #[fd(interest = read, group = more)]
    b: Vec<UnixStream>,
    readings: Seen,
}

#[handler]
impl Meter {
    #[on(a)]
    fn read_a(&mut self, key: Key, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
        drain(&self.a);
        self.readings.push(("a", 0));
        reactor.disarm(key, Meter::A)?;
        reactor.arm(key, self, Meter::MORE)
    }

    #[on(b)]
    fn read_b(&mut self, port: Port) {
        drain(&self.b[port.index()]);
        self.readings.push(("b", port.index()));
    }
}

fn meter() -> (Meter, UnixStream, Vec<UnixStream>) {
    let (a, a_peer) = pair();
    let (b, b_peers) = (0..2).map(|_| pair()).unzip();
    (Meter { a, b, readings: Seen::new() }, a_peer, b_peers)
}

#[test]
fn a_mutex_works_like_its_value() {
    let (meter, a, b) = meter();
    let meter = Arc::new(Mutex::new(meter));
    let mut reactor = Eventp::<()>::new().unwrap();
    let handle = reactor.add(Arc::clone(&meter)).unwrap();
    fire(&a);
    b.iter().for_each(fire);
    assert_eq!(settle(&mut reactor, &mut ()), 3);
    assert_eq!(meter.lock().unwrap().readings, [("a", 0), ("b", 0), ("b", 1)]);
    reactor.modify(handle.port(Meter::B).at(1), Interest::NONE).unwrap();
    reactor.arm(handle, Meter::A).unwrap();
    reactor.disarm(handle, Meter::MORE).unwrap();
    assert_eq!(armed(&reactor), ["a"]);
    drop(reactor.take(handle).unwrap());
    assert_eq!(Arc::strong_count(&meter), 1);
}

#[test]
fn a_ref_cell_works_like_its_value() {
    let (meter, a, b) = meter();
    let meter = Rc::new(RefCell::new(meter));
    let mut reactor = Eventp::<()>::new().unwrap();
    let handle = reactor.add(Rc::clone(&meter)).unwrap();
    fire(&a);
    b.iter().for_each(fire);
    assert_eq!(settle(&mut reactor, &mut ()), 3);
    assert_eq!(meter.borrow().readings, [("a", 0), ("b", 0), ("b", 1)]);
    reactor.delete(handle).unwrap();
    assert_eq!(Rc::strong_count(&meter), 1);
}

type Told = Vec<(ErrorKind, Option<&'static str>)>;

/// A reactor whose errors are told to its state, with a subscriber that nothing is wrong with.
fn told() -> (Eventp<Told>, UnixStream) {
    let mut reactor = Eventp::<Told>::new().unwrap();
    reactor.on_error(|error, told: &mut Told| {
        assert_eq!(error.operation(), "handle");
        told.push((error.kind(), error.field()));
    });
    let (well, peer) = pair();
    reactor.on(interest().read().with_fd(well), |d| read_all(d.fd)).unwrap();
    (reactor, peer)
}

#[test]
fn a_poisoned_mutex_is_an_error_of_its_subscriber() {
    let (meter, a, _b) = meter();
    let meter = Arc::new(Mutex::new(meter));
    let (mut reactor, peer) = told();
    let handle = reactor.add(Arc::clone(&meter)).unwrap();
    assert!(panics(|| {
        let _guard = meter.lock();
        panic!("on purpose");
    }));
    let mut seen = Told::new();
    let refused = reactor.arm(handle, Meter::MORE).unwrap_err();
    assert!(refused.to_string().contains("poisoned"), "{refused}");
    fire(&a);
    fire(&peer);
    assert_eq!(settle(&mut reactor, &mut seen), 2);
    assert_eq!(seen, [(ErrorKind::Other, Some("a"))]);
    assert!(!reactor.contains(handle));
    assert_eq!(reactor.len(), 1);
    let refused = reactor.add(meter).unwrap_err();
    assert!(refused.to_string().contains("poisoned"), "{refused}");
}

#[test]
fn a_borrowed_cell_is_an_error_of_its_subscriber() {
    let (meter, a, _b) = meter();
    let meter = Rc::new(RefCell::new(meter));
    let (mut reactor, peer) = told();
    let handle = reactor.add(Rc::clone(&meter)).unwrap();
    let borrow = meter.borrow_mut();
    let refused = reactor.arm(handle, Meter::MORE).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ResourceBusy);
    fire(&a);
    fire(&peer);
    let mut seen = Told::new();
    assert_eq!(settle(&mut reactor, &mut seen), 2);
    assert_eq!(seen, [(ErrorKind::ResourceBusy, Some("a"))]);
    assert!(!reactor.contains(handle));
    drop(borrow);
    reactor.add(meter).unwrap();
}

/// Has one fd only, and can be shared all the same.
#[subscriber(interest = read)]
struct Single {
    #[fd]
    stream: UnixStream,
    events: usize,
}

#[handler]
impl Single {
    #[on(readable)]
    fn read(&mut self, port: Port) {
        assert_eq!(port.index(), 0);
        drain(&self.stream);
        self.events += 1;
    }
}

#[test]
fn a_subscriber_with_one_fd_is_shared_alike() {
    let ((a, a_peer), (b, b_peer)) = (pair(), pair());
    let mutex = Arc::new(Mutex::new(Single { stream: a, events: 0 }));
    let cell = Rc::new(RefCell::new(Single { stream: b, events: 0 }));
    let mut reactor = Eventp::<()>::new().unwrap();
    let handle = reactor.add(Arc::clone(&mutex)).unwrap();
    reactor.add(Rc::clone(&cell)).unwrap();
    fire(&a_peer);
    fire(&b_peer);
    assert_eq!(settle(&mut reactor, &mut ()), 2);
    assert_eq!((mutex.lock().unwrap().events, cell.borrow().events), (1, 1));
    reactor.modify(handle, Interest::NONE).unwrap();
    fire(&a_peer);
    assert_eq!(settle(&mut reactor, &mut ()), 0);
}
