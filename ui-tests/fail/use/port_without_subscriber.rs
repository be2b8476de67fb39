//! `#[on(port)]` on a type without `#[subscriber]`.
#![allow(unused)]

use std::os::unix::net::UnixStream;

use eventp::handler;

struct Proxy {
    client: UnixStream,
    server: UnixStream,
}

#[handler]
impl Proxy {
    #[on(client)]
    fn from_client(&mut self) {
        let _ = &self.client;
    }

    #[on(server, readable | hangup)]
    fn from_server(&mut self) {
        let _ = &self.server;
    }
}

fn main() {}
