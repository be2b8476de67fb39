#![allow(unused)]

use eventp::{Dispatch, EventpOps, Flow, Handler, handler};

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler]
impl<Ep: EventpOps> Handler<Ep> for Echo {
    fn handle(_: Dispatch<'_, Self, Ep>) -> std::io::Result<Flow> {
        Ok(Flow::Keep)
    }
}

#[handler]
struct Struct;

#[handler]
trait Trait {
    fn read(&mut self);
}

#[handler]
mod module {}

#[eventp::subscriber(interest = read)] struct Methods { #[fd] stream: std::net::TcpStream }

impl Methods {
    #[handler]
    fn read(&mut self) {}
}

#[handler]
impl Methods {
    #[handler]
    fn handle(&mut self) {}

    #[on(readable)]
    const LIMIT: usize = 3;
}

fn main() {}
