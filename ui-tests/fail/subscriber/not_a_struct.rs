#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
enum Either {
    Left(std::net::TcpStream),
    Right(std::net::TcpStream),
}

#[subscriber(interest = read)]
union Both {
    number: u64,
}

#[subscriber(interest = read)]
fn function() {}

#[subscriber(interest = read)]
impl Either {}

#[subscriber(interest = read)]
trait Trait {}

fn main() {}
