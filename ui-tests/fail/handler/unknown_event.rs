#![allow(unused)]

use eventp::handler;

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler]
impl Echo {
    #[on(raedable)]
    fn typo(&mut self) {}

    #[on(in | EPOLLOUT | hup | rdhup | err | EPOLLPRI)]
    fn kernel(&mut self) {}

    #[on(READABLE)]
    fn constant(&mut self) {}

    #[on(readable | write)]
    fn interest(&mut self) {}
}

fn main() {}
