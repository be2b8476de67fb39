//! The crate under another name, by `crate = path`.

#![deny(warnings)]

extern crate eventp as renamed;

use std::io;
use std::os::unix::net::UnixStream;

mod deep {
    pub(crate) mod reactor {
        pub(crate) use ::renamed::*;
    }
}

// A wrong `eventp` in reach shows that the macros do not look for it.
#[allow(unused)]
mod eventp {}

#[renamed::subscriber(interest = read | exclusive, crate = renamed)]
struct One {
    #[fd]
    stream: UnixStream,
}

#[renamed::handler(crate = renamed)]
impl One {
    #[on(readable)]
    fn read(&mut self, _: renamed::Key) -> io::Result<()> {
        Ok(())
    }
}

#[renamed::subscriber(crate = crate::deep::reactor, interest = const renamed::interest().read())]
struct Two {
    #[fd]
    stream: UnixStream,
}

#[renamed::handler(crate = crate::deep::reactor)]
impl Two {
    #[on(readable)]
    fn read(&mut self) -> io::Result<()> {
        Ok(())
    }

    #[on(writable)]
    fn write(&mut self, _: renamed::Pinned<'_, impl renamed::EventpOps>) {}
}

#[renamed::subscriber(crate = crate::deep::reactor)]
struct Several {
    #[fd(interest = read)]
    one: UnixStream,
    #[fd(interest = doorbell, group = later)]
    two: renamed::Doorbell,
}

#[renamed::handler(crate = renamed)]
impl Several {
    #[on(one)]
    fn one(&mut self) {}

    #[on(two, readable)]
    fn two(&mut self) {}
}

#[renamed::handler(crate = crate::deep::reactor)]
fn three(_stream: &mut UnixStream) {}

fn main() -> io::Result<()> {
    use renamed::Register as _;
    let mut reactor = renamed::Eventp::<()>::new()?;
    let (one, two) = UnixStream::pair()?;
    reactor.on(renamed::interest().with_fd(one.try_clone()?), three::handler)?;
    One { stream: one }.register_into(&mut reactor)?;
    Two { stream: two }.register_into(&mut reactor)?;
    let one = UnixStream::pair()?.0;
    Several { one, two: renamed::Doorbell::new()? }.register_into(&mut reactor)?;
    Ok(())
}
