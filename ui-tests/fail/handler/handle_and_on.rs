#![allow(unused)]

use eventp::handler;

struct Echo(std::net::TcpStream);

#[handler]
impl Echo {
    fn handle(&mut self) {}

    #[on(readable)]
    fn read(&mut self) {}
}

fn main() {}
