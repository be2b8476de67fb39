//! A `Pinned` cannot be kept in the subscriber.
use eventp::{Eventp, Pinned, handler, subscriber};

#[subscriber(interest = read)]
struct Echo {
    #[fd]
    stream: std::net::TcpStream,
    kept: Option<Pinned<'static, Eventp>>,
}

#[handler]
impl Echo {
    #[on(readable)]
    fn read(&mut self, reactor: Pinned<'_, Eventp>) {
        self.kept = Some(reactor);
    }
}

fn main() {}
