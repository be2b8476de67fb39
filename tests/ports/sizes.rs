//! Structs with one field to 64, a `Vec` of many fds, structs of no size and with a large alignment.

use super::*;

macro_rules! with_fields {
    ($($name:ident: $number:literal: $($field:ident)*;)*) => {$(
        #[subscriber]
        struct $name {
            $(#[fd(interest = read)] $field: UnixStream,)*
            // So that one field is enough for the form that this is about.
            #[fd(interest = read, group = later)]
            last: Option<UnixStream>,
        }

        #[handler]
        impl $name {
            $(
                #[on($field)]
                fn $field(&mut self, seen: &mut Vec<&'static str>) {
                    drain(&self.$field);
                    seen.push(stringify!($field));
                }
            )*

            #[on(last)]
            fn last(&mut self, seen: &mut Vec<&'static str>) {
                self.last.iter().for_each(read_all);
                seen.push("last");
            }
        }

        #[test]
        #[allow(non_snake_case)]
        fn $name() {
            let names: &[&str] = &[$(stringify!($field),)* "last"];
            assert_eq!(names.len(), $number);
            let mut peers = Vec::new();
            let mut end = || {
                let (end, peer) = pair();
                peers.push(peer);
                end
            };
            let it = $name { $($field: end(),)* last: Some(end()) };
            let mut reactor = Eventp::<Vec<&'static str>>::new().unwrap();
            let handle = reactor.add(it).unwrap();
            reactor.arm(handle, $name::LAST).unwrap();
            let mut seen = Vec::new();
            for round in 0..2 {
                for (peer, name) in peers.iter().zip(names) {
                    fire(peer);
                    assert_eq!(settle(&mut reactor, &mut seen), 1, "round {round}");
                    assert_eq!(core::mem::take(&mut seen), [*name]);
                }
            }
            peers.iter().for_each(fire);
            settle(&mut reactor, &mut seen);
            seen.sort_unstable();
            let mut names = names.to_vec();
            names.sort_unstable();
            assert_eq!(seen, names);
            reactor.delete(handle).unwrap();
        }
    )*};
}

with_fields! {
    NoOther: 1: ;
    TwoFields: 2: a0;
    ThreeFields: 3: a0 a1;
    NineFields: 9: a0 a1 a2 a3 a4 a5 a6 a7;
    AllFields: 64:
        a0 a1 a2 a3 a4 a5 a6 a7 b0 b1 b2 b3 b4 b5 b6 b7 c0 c1 c2 c3 c4 c5 c6 c7 d0 d1 d2 d3 d4 d5 d6 d7
        e0 e1 e2 e3 e4 e5 e6 e7 f0 f1 f2 f3 f4 f5 f6 f7 g0 g1 g2 g3 g4 g5 g6 g7 h0 h1 h2 h3 h4 h5 h6;
}

#[test]
fn a_vec_can_have_many_fds() {
    let (mut reactor, handle, mut peers) = reactor_with(keep);
    let (queues, queue_peers): (Vec<_>, Vec<_>) = (0..200).map(|_| pair()).unzip();
    reactor.get_mut(handle).unwrap().queues = queues;
    peers.queues = queue_peers;
    reactor.arm(handle, Net::ACTIVE).unwrap();
    for at in [199, 0, 100] {
        fire(&peers.queues[at]);
        assert_eq!(run(&mut reactor), [("queues", at)]);
    }
    peers.queues.iter().for_each(fire);
    let mut seen = run(&mut reactor);
    seen.sort_unstable();
    assert_eq!(seen, (0..200).map(|at| ("queues", at)).collect::<Vec<_>>());
}

fn bells() -> &'static [Doorbell; 2] {
    static BELLS: OnceLock<[Doorbell; 2]> = OnceLock::new();
    BELLS.get_or_init(|| [(); 2].map(|()| Doorbell::new().unwrap()))
}

fn first(_: &()) -> BorrowedFd<'_> {
    bells()[0].as_fd()
}

/// Its fds are elsewhere.
#[subscriber]
struct Nothing {
    #[fd(interest = doorbell, with = first)]
    first: (),
    #[fd(interest = doorbell, with = Self::second)]
    second: (),
    #[fd(interest = read)]
    none: [UnixStream; 0],
}

impl Nothing {
    fn second(_: &()) -> BorrowedFd<'_> {
        bells()[1].as_fd()
    }
}

#[handler]
impl Nothing {
    #[on(first)]
    fn first(&mut self, seen: &mut Seen) {
        seen.push(("first", 0));
    }

    #[on(second | none)]
    fn second_or_none(&mut self, seen: &mut Seen) {
        seen.push(("second", 0));
    }
}

#[test]
fn a_struct_can_be_of_no_size() {
    assert_eq!(size_of::<Nothing>(), 0);
    let mut reactor = Eventp::<Seen>::new().unwrap();
    let handle = reactor.add(Nothing { first: (), second: (), none: [] }).unwrap();
    for _ in 0..2 {
        bells()[1].ring().unwrap();
        assert_eq!(run(&mut reactor), [("second", 0)]);
        bells()[0].ring().unwrap();
        assert_eq!(run(&mut reactor), [("first", 0)]);
    }
    let Nothing { .. } = reactor.take(handle).unwrap();
}

/// Needs a page of its own.
#[subscriber]
#[repr(align(4096))]
struct Page {
    #[fd(interest = read)]
    a: UnixStream,
    #[fd(interest = read, group = later)]
    b: Vec<UnixStream>,
}

#[handler]
impl Page {
    #[on(readable)]
    fn read(&mut self, seen: &mut Seen, port: Port) {
        assert_eq!((&raw const *self).addr() % 4096, 0);
        drain(if Page::A.contains(port) { &self.a } else { &self.b[port.index()] });
        seen.push(("page", port.index()));
    }
}

#[test]
fn a_struct_can_be_over_aligned() {
    let ((a, peer), (b, peers)): (_, (Vec<_>, Vec<_>)) = (pair(), (0..5).map(|_| pair()).unzip());
    let mut reactor = Eventp::<Seen>::new().unwrap();
    let handle = reactor.add(Page { a, b }).unwrap();
    reactor.arm(handle, Page::LATER).unwrap();
    fire(&peer);
    peers.iter().for_each(fire);
    assert_eq!(run(&mut reactor).len(), 6);
    let page = reactor.take(handle).unwrap();
    assert_eq!(page.b.len(), 5);
}
