//! Every shape of a field, generics, `cfg`'d fields, raw identifiers and structs that a `macro_rules!` makes.

#![deny(warnings)]
#![forbid(unsafe_code)]

use std::cell::RefCell;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use eventp::{
    Doorbell, Event, Eventp, EventpOps, Flow, Interest, Key, Pinned, Port, Register, handler, interest,
    subscriber,
};

/// Has only `AsRawFd`.
struct Old(UnixStream);

impl AsRawFd for Old {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

/// Has its fd behind a method.
struct Device {
    inner: (OwnedFd, u8),
}

impl Device {
    fn fd(&self) -> BorrowedFd<'_> {
        self.inner.0.as_fd()
    }
}

trait Completion {
    fn completion(&self) -> BorrowedFd<'_>;
}

impl Completion for Device {
    fn completion(&self) -> BorrowedFd<'_> {
        self.fd()
    }
}

const WANTED: Interest = interest().read().priority();

type Streams = Vec<UnixStream>;

#[subscriber]
struct Shapes {
    #[fd(interest = read)]
    plain: UnixStream,
    #[fd(interest = none)]
    vec: Vec<UnixStream>,
    #[fd(interest = const WANTED)]
    alias: Streams,
    #[fd(interest = exclusive | read | write)]
    option: std::option::Option<UnixStream>,
    #[fd(interest = doorbell)]
    bells: [Doorbell; 2],
    #[fd(interest = read, raw)]
    raw: Old,
    #[fd(raw, interest = read)]
    raws: Vec<Old>,
    #[fd(interest = read, raw, group = later)]
    raw_option: Option<Old>,
    #[fd(interest = read | oneshot, group = later, raw,)]
    raw_array: [Old; 1],
    #[fd(interest = read, with = Device::fd)]
    device: Device,
    #[fd(interest = read, with = <Device as Completion>::completion, group = r#loop)]
    completion: Device,
    #[fd(interest = const { interest().write() })]
    shared: Arc<UnixStream>,
    #[fd(interest = read)]
    boxed: Box<dyn AsFd>,
    #[fd(interest = read)]
    r#type: UnixStream,
}

#[handler]
impl Shapes {
    #[on(plain)]
    fn plain(&mut self) {
        let _ = (&self.plain, &self.alias, &self.shared, &self.boxed, self.device.inner.1);
    }

    #[on(vec | alias | option)]
    fn many(&mut self, port: Port) {
        assert!(!Shapes::PLAIN.contains(port));
    }

    #[on(bells, readable | hangup)]
    fn rung(&mut self, port: Port, key: Key, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
        assert!(Shapes::BELLS.contains(port));
        reactor.disarm(key, Shapes::BELLS)?;
        reactor.arm(key, self, Shapes::LATER.with(Shapes::LOOP))
    }

    #[on(raw | raws | raw_option | raw_array)]
    fn old(&mut self) -> Flow {
        Flow::Keep
    }

    #[on(device | completion, readable)]
    fn device(&mut self, _: Event) {}

    #[on(shared | boxed | r#type,)]
    fn rest(&mut self) {
        let _ = &self.r#type;
    }
}

#[subscriber]
struct Generic<T: AsFd, const N: usize, U = UnixStream>
where
    U: AsFd + 'static,
{
    #[fd(interest = read)]
    one: T,
    #[fd(interest = read, group = more)]
    many: [T; N],
    #[fd(interest = read, group = more)]
    maybe: Option<U>,
}

#[handler]
impl<T: AsFd + 'static, const N: usize, U: AsFd> Generic<T, N, U> {
    #[on(one)]
    fn one(&mut self, key: Key, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
        let _ = (&self.one, &self.many, &self.maybe);
        reactor.disarm(key, Self::ONE)?;
        reactor.arm(key, self, Generic::<T, N, U>::MORE)
    }

    #[on(many | maybe)]
    fn others(&mut self, port: Port) {
        assert_eq!(Self::MAYBE.contains(port), !Self::MANY.contains(port));
    }
}

#[subscriber]
pub(crate) struct Configured {
    #[fd(interest = read)]
    present: UnixStream,
    #[cfg(any())]
    #[fd(interest = read)]
    absent: NoSuchType,
    #[cfg(not(any()))]
    #[fd(interest = read)]
    also_present: UnixStream,
}

#[handler]
impl Configured {
    #[on(present)]
    fn present(&mut self) {
        let _ = (&self.present, &self.also_present);
    }

    #[cfg(any())]
    #[on(absent)]
    fn absent(&mut self) {}

    #[on(also_present)]
    #[cfg(all())]
    fn also_present(&mut self) {}
}

/// One fd, and nothing that needs more than that.
#[subscriber]
struct Single {
    #[fd(interest = read)]
    stream: UnixStream,
}

#[handler]
impl Single {
    #[on(readable)]
    fn read(&mut self) {}
}

/// The ends of a pipe are not mistaken for events.
#[subscriber]
struct Ends {
    #[fd(interest = read)]
    read: UnixStream,
    #[fd(interest = write, group = errors)]
    write: UnixStream,
}

#[handler]
impl Ends {
    #[on(read)]
    fn read(&mut self) {
        let _ = (&self.read, &self.write);
    }

    #[on(write, writable)]
    fn write(&mut self) {}
}

macro_rules! device {
    ($vis:vis struct $name:ident<$reactor:ident> { $($field:ident: $ty:ty = $interest:ident in $group:ident on $event:ident,)* }) => {
        #[subscriber]
        $vis struct $name {
            $(#[fd(interest = $interest, group = $group)] $field: $ty,)*
        }

        #[handler]
        impl $name {
            $(
                #[on($field, $event)]
                fn $field<$reactor: EventpOps>(&mut self, _: Pinned<'_, $reactor>) {
                    let _ = (&self.$field, Self::$group);
                }
            )*
        }
    };
}

device! {
    pub(crate) struct Made<R> {
        a: UnixStream = read in ALL on readable,
        b: Vec<UnixStream> = write in ALL on writable,
    }
}

fn stream() -> UnixStream {
    UnixStream::pair().unwrap().0
}

fn shapes() -> Shapes {
    let device = || Device { inner: (stream().into(), 0) };
    let bell = || Doorbell::new().unwrap();
    Shapes {
        plain: stream(),
        vec: vec![stream(), stream()],
        alias: Vec::new(),
        option: None,
        bells: [bell(), bell()],
        raw: Old(stream()),
        raws: vec![Old(stream())],
        raw_option: Some(Old(stream())),
        raw_array: [Old(stream())],
        device: device(),
        completion: device(),
        shared: stream().into(),
        boxed: Box::new(stream()),
        r#type: stream(),
    }
}

fn main() -> io::Result<()> {
    let mut reactor = Eventp::<()>::new()?;
    let handle = shapes().register_into(&mut reactor)?;
    reactor.arm(handle, Shapes::LATER)?;
    reactor.modify(handle.port(Shapes::PLAIN), interest().write())?;
    reactor.modify(handle.key().port(Shapes::VEC).at(1), interest().read())?;
    reactor.disarm(handle, Shapes::TYPE.with(Shapes::COMPLETION))?;
    reactor.add(Arc::new(Mutex::new(shapes())))?;
    reactor.add(Rc::new(RefCell::new(shapes())))?;
    reactor.add(Generic { one: stream(), many: [stream()], maybe: Some(stream()) })?;
    reactor.add(Configured { present: stream(), also_present: stream() })?;
    reactor.add(Single { stream: stream() })?;
    reactor.add(Ends { read: stream(), write: stream() })?;
    reactor.add(Made { a: stream(), b: vec![stream()] })?;
    assert_eq!(reactor.len(), 8);
    reactor.run_once(Some(std::time::Duration::ZERO))?;
    Ok(())
}
