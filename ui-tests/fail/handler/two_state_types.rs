#![allow(unused)]

use std::net::TcpStream;

use eventp::{EventpOps, Key, Pinned, handler};

struct Server;
struct Other;

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: TcpStream }

#[handler]
impl Echo {
    #[on(readable)]
    fn read(&mut self, server: &mut Server) {}

    #[on(writable)]
    fn write(&mut self, key: Key, other: &mut Other) {}
}

#[eventp::subscriber(interest = read)] struct Reactor { #[fd] stream: TcpStream }

#[handler]
impl Reactor {
    #[on(readable)]
    fn read(&mut self, server: &mut Server) {}

    #[on(writable)]
    fn write(&mut self, reactor: Pinned<'_, impl EventpOps<State = Other>>) {}
}

fn main() {}
