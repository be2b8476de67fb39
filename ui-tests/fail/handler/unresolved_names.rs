#![allow(unused)]

use eventp::handler;

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler]
impl Echo {
    #[on(readable)]
    fn read(&mut self, event: Evnt, server: &mut Sever, reactor: Pinned<'_, impl EventpOps>) -> Reslt<()> {}
}

#[handler]
fn function(fd: &mut TcpStraem, event: Evnt, state: &mut Sever) -> Reslt<()> {}

fn main() {}
