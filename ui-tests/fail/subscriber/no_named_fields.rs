#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
struct Tuple(#[fd] std::net::TcpStream);

#[subscriber(interest = read)]
struct Unit;

fn main() {}
