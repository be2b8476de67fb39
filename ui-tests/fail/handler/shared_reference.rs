#![allow(unused)]

use std::net::TcpStream;

use eventp::{Event, EventpOps, Pinned, handler};

struct Server;

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: TcpStream }

#[handler]
impl Echo {
    #[on(readable)]
    fn read(&mut self, server: &Server, event: &Event) {}

    #[on(readable)]
    fn reactor(&mut self, reactor: &mut Pinned<'_, impl EventpOps>) {}
}

#[handler]
fn function(stream: &TcpStream, state: &Server) {}

fn main() {}
