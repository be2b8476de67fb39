//! Structs, impls and functions that a `macro_rules!` makes of fragments of every kind.

#![deny(warnings)]

use std::io;
use std::os::unix::net::UnixStream;

use eventp::{Event, Eventp, EventpOps, Pinned, Register, handler, interest, subscriber};

macro_rules! declare {
    (
        $(#[$meta:meta])*
        $vis:vis struct $name:ident($field:ident: $fd:ty) interest($($flag:ident)|+) state($state:ty)
        on($event:ident) $body:block
    ) => {
        $(#[$meta])*
        #[subscriber(interest = $($flag)|+)]
        $vis struct $name {
            #[fd]
            $field: $fd,
        }

        #[handler]
        impl $name {
            #[on($event)]
            $vis fn run(&mut self, _: &mut $state, _: Event) $body
        }
    };
}

declare! {
    /// Made by a macro.
    #[allow(dead_code)]
    pub(crate) struct Made(stream: UnixStream) interest(read | edge_triggered) state(Vec<u8>)
    on(readable) {
        {}
    }
}

macro_rules! by_type {
    ($this:ty, $interest:expr, $reactor:ty, $value:ty) => {
        #[handler]
        impl $this {
            #[on(readable | writable)]
            fn run(&mut self, _: $value, _: $reactor) {}
        }

        const _: eventp::Interest = $interest;
    };
}

#[subscriber(interest = read)]
struct Typed {
    #[fd]
    stream: UnixStream,
}

by_type!(Typed, interest().read(), Pinned<'_, impl EventpOps<State = Vec<u8>>>, Event);

macro_rules! constant {
    ($name:ident, $interest:expr) => {
        #[subscriber(interest = const $interest)]
        struct $name {
            #[fd]
            stream: UnixStream,
        }

        #[handler]
        impl $name {
            fn handle(&mut self) {
                let _ = &self.stream;
            }
        }
    };
}

constant!(Constant, interest().read().write());

macro_rules! pass_on {
    ($($item:item)*) => { $(#[handler] $item)* };
}

pass_on! {
    fn passed_on(stream: &mut UnixStream) {
        let _ = stream;
    }
}

macro_rules! function {
    ($name:ident, $fd:ty, $body:block) => {
        #[handler]
        fn $name(_: &mut $fd) -> io::Result<()> $body
    };
}

function!(built, UnixStream, { Ok(()) });

fn main() -> io::Result<()> {
    let mut reactor = Eventp::<Vec<u8>>::new()?;
    let pair = || UnixStream::pair().map(|(ours, _)| ours);
    Made { stream: pair()? }.register_into(&mut reactor)?;
    Typed { stream: pair()? }.register_into(&mut reactor)?;
    Constant { stream: pair()? }.register_into(&mut reactor)?;
    reactor.on(interest().read().with_fd(pair()?), passed_on::handler)?;
    reactor.on(interest().read().with_fd(pair()?), built::handler)?;
    Ok(())
}
