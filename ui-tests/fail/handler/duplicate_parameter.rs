#![allow(unused)]

use std::net::TcpStream;

use eventp::{Event, EventpOps, Pinned, handler};

struct Server;
struct Other;

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: TcpStream }

#[handler]
impl Echo {
    #[on(readable)]
    fn events(&mut self, event: Event, again: Event) {}

    #[on(readable)]
    fn reactors(&mut self, a: Pinned<'_, impl EventpOps>, mut b: Pinned<'_, impl EventpOps>) {}

    #[on(readable)]
    fn states(&mut self, server: &mut Server, Other { .. }: &mut Other) {}
}

#[handler]
fn fds(stream: &mut TcpStream, server: &mut Server) {}

#[handler]
fn states(state: &mut Server, #[state] other: &mut Server) {}

fn main() {}
