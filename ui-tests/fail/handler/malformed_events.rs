#![allow(unused)]

use eventp::handler;

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler]
impl Echo {
    #[on(readable | hangup | readable)]
    fn duplicate(&mut self) {}

    #[on()]
    fn empty(&mut self) {}

    #[on]
    fn bare(&mut self) {}

    #[on(readable, writable)]
    fn comma(&mut self) {}

    #[on(readable |)]
    fn trailing(&mut self) {}

    #[on(readable)]
    #[on(writable)]
    fn twice(&mut self) {}
}

fn main() {}
