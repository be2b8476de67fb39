#![allow(unused)]

use eventp::{EventpOps, Pinned, handler};

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler]
impl Echo {
    #[on(readable)]
    fn read<T, const N: usize, Ep: EventpOps>(&mut self, reactor: Pinned<'_, Ep>, state: &mut [T; N]) {}

    #[on(writable)]
    fn write<Ep: EventpOps>(&mut self) {}
}

fn main() {}
