#![allow(unused)]

use eventp::{Event, handler};

#[eventp::subscriber(interest = read)] struct Echo { #[fd] stream: std::net::TcpStream }

#[handler]
impl Echo {
    #[on(readable)]
    fn by_value(self, event: Event) {}

    #[on(readable)]
    fn mutable(mut self) {}

    #[on(readable)]
    fn boxed(self: Box<Self>) {}

    #[on(readable)]
    fn none(event: Event) {}

    #[on(readable)]
    fn neither() {}
}

fn main() {}
