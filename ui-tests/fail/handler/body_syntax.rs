#![allow(unused)]

use eventp::handler;

struct Echo(std::net::TcpStream);

#[handler]
impl Echo {
    #[on(readable)]
    fn read(&mut self) {
        let number = 3
        let other = number.;
    }
}

fn main() {}
