//! What is refused leaves nothing behind.

use super::*;

/// The third of its fds can be one that epoll refuses.
#[subscriber]
struct Three {
    #[fd(interest = read, group = all)]
    first: Arc<UnixStream>,
    #[fd(interest = read, group = all)]
    second: Arc<UnixStream>,
    #[fd(interest = read, group = all)]
    third: File,
}

#[handler]
impl Three {
    #[on(readable)]
    fn read(&mut self, seen: &mut Seen, port: Port) {
        drain(if Three::FIRST.contains(port) { &self.first } else { &self.second });
        seen.push(("three", port.index()));
    }
}

fn three() -> (Three, [UnixStream; 2]) {
    let ((first, a), (second, b)) = (pair(), pair());
    let third = File::open("/proc/self/exe").unwrap();
    (Three { first: first.into(), second: second.into(), third }, [a, b])
}

#[test]
fn a_group_with_a_bad_fd_leaves_the_good_ones_free() {
    let (three, [a, b]) = three();
    let (first, second) = (Arc::clone(&three.first), Arc::clone(&three.second));
    let mut reactor = Eventp::<Seen>::new().unwrap();
    let handle = reactor.add(three).unwrap();
    let error = reactor.arm(handle, Three::ALL).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let error = details(error);
    assert_eq!((error.operation(), error.field()), ("arm", Some("third")));
    assert!(error.to_string().contains("field `third`"), "{error}");
    assert_eq!(armed(&reactor), [""; 0]);

    [&a, &b].into_iter().for_each(fire);
    assert_eq!(run(&mut reactor), []);
    for fd in [first, second] {
        reactor.on(edge().with_fd(fd), |d| d.state.push(("other", 0))).unwrap();
    }
    assert_eq!(run(&mut reactor), [("other", 0), ("other", 0)]);

    let taken = reactor.arm(handle, Three::FIRST).unwrap_err();
    assert_eq!(taken.kind(), ErrorKind::AlreadyExists, "the fd is another subscriber's");
    assert_eq!(details(taken).field(), Some("first"));
}

#[test]
fn sets_of_ports_can_be_joined() {
    let (three, [a, b]) = three();
    let mut reactor = Eventp::<Seen>::new().unwrap();
    let handle = reactor.add(three).unwrap();
    reactor.arm(handle, Three::FIRST.with(Three::SECOND)).unwrap();
    [&a, &b].into_iter().for_each(fire);
    assert_eq!(run(&mut reactor).len(), 2);
}

/// Its bad fd is wanted from the start.
#[subscriber]
struct AtOnce {
    #[fd(interest = read)]
    good: Arc<UnixStream>,
    #[fd(interest = read)]
    bad: [File; 1],
}

#[handler]
impl AtOnce {
    fn handle(&mut self) {}
}

#[test]
fn a_subscriber_that_is_refused_comes_back_whole() {
    let (good, _peer) = pair();
    let good = Arc::new(good);
    let bad = [File::open("/proc/self/exe").unwrap()];
    let mut reactor = Eventp::<()>::new().unwrap();
    let (back, error) = reactor.try_add(AtOnce { good: Arc::clone(&good), bad }).err().unwrap();
    assert_eq!(error.kind(), ErrorKind::PermissionDenied);
    let error = details(error);
    assert_eq!((error.operation(), error.field()), ("add", Some("bad")));
    assert!(reactor.is_empty());
    assert_eq!(Arc::strong_count(&good), 2);
    drop(back);
    reactor.on(edge().with_fd(good), |_| ()).unwrap();
}

/// Can be told to panic when it is asked for its fds.
#[subscriber]
struct Moody {
    #[fd(interest = read, group = all)]
    first: UnixStream,
    #[fd(interest = read, with = Mood::fd, group = all)]
    second: Mood,
}

struct Mood {
    stream: UnixStream,
    is_bad: bool,
}

impl Mood {
    fn fd(&self) -> BorrowedFd<'_> {
        assert!(!self.is_bad, "no fd today");
        self.stream.as_fd()
    }
}

#[handler]
impl Moody {
    fn handle(&mut self) {
        drain(&self.first);
        drain(&self.second.stream);
    }
}

#[test]
fn a_function_that_panics_when_it_is_asked_for_an_fd_has_changed_nothing() {
    let ((first, a), (stream, b)) = (pair(), pair());
    let mut reactor = Eventp::<()>::new().unwrap();
    let handle = reactor.add(Moody { first, second: Mood { stream, is_bad: true } }).unwrap();
    assert!(panics(|| reactor.arm(handle, Moody::ALL)));
    assert_eq!(armed(&reactor), [""; 0]);
    reactor.get_mut(handle).unwrap().second.is_bad = false;
    reactor.arm(handle, Moody::ALL).unwrap();
    reactor.get_mut(handle).unwrap().second.is_bad = true;
    [&a, &b].into_iter().for_each(fire);
    assert_eq!(settle(&mut reactor, &mut ()), 2, "it is not asked again");
}

#[test]
fn the_same_fd_in_two_places_is_refused_at_the_second() {
    let (three, _peers) = three();
    let mut reactor = Eventp::<Seen>::new().unwrap();
    let second = Arc::clone(&three.first);
    let handle = reactor.add(Three { second, ..three }).unwrap();
    let both = Three::FIRST.with(Three::SECOND);
    let error = reactor.arm(handle, both).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::AlreadyExists);
    assert_eq!(details(error).field(), Some("second"));
    assert_eq!(armed(&reactor), [""; 0]);
    reactor.arm(handle, Three::SECOND).unwrap();
}
