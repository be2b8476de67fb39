#![allow(unused)]

use eventp::handler;

struct Echo(std::net::TcpStream);

#[handler]
impl Echo {
    #[on(raedable)]
    fn typo(&mut self) {}

    #[on(in | EPOLLOUT | hup | rdhup | err | EPOLLPRI)]
    fn kernel(&mut self) {}

    #[on(read)]
    fn interest(&mut self) {}

    #[on(banana)]
    fn banana(&mut self) {}
}

fn main() {}
