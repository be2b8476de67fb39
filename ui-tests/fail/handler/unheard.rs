//! Interests that no method hears of.
#![allow(unused)]

use std::fs::File;

use eventp::{handler, subscriber};

/// Room to write is reported in each turn, to nobody.
#[subscriber(interest = read | write)]
struct Echo {
    #[fd]
    stream: File,
}

#[handler]
impl Echo {
    #[on(readable)]
    fn echo(&mut self) {}
}

mod elsewhere {
    #[eventp::subscriber(interest = exclusive | read)]
    pub struct Listener {
        #[fd]
        listener: std::net::TcpListener,
    }

    /// Generic, but not here.
    #[eventp::subscriber(interest = priority | read_hangup | edge_triggered)]
    pub struct Urgent<T: std::os::fd::AsFd> {
        #[fd]
        stream: T,
    }
}

#[handler]
impl elsewhere::Listener {
    #[on(writable | hangup)]
    fn gone(&mut self) {}
}

#[handler]
impl elsewhere::Urgent<File> {
    #[on(readable)]
    fn read(&mut self) {}

    #[cfg(any())]
    #[on(priority)]
    fn urgent(&mut self) {}
}

fn main() {}
