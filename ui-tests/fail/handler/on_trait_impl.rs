//! `#[handler]` writes the `impl Handler`, from inherent methods.
#![allow(unused)]

use eventp::{EventpOps, Handler, handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl<Ep: EventpOps> Handler<Ep> for Log {
    fn handle(_: eventp::Dispatch<'_, Self, Ep>) -> std::io::Result<eventp::Flow> {
        Ok(eventp::Flow::Keep)
    }
}

fn main() {}
