#![allow(unused)]

use std::net::TcpStream;

use eventp::{Event, handler};

struct Server;

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: TcpStream }

#[handler]
fn on_value(stream: &mut TcpStream, #[state] event: Event) {}

#[handler]
fn twice(stream: &mut TcpStream, #[state] #[state] server: &mut Server) {}

fn main() {}
