//! No field has given its name to this constant.
use std::fs::File;

use eventp::{Eventp, Handle, handler, subscriber};

#[subscriber]
struct Net {
    #[fd(interest = read, group = active)]
    tx: File,
}

#[handler]
impl Net {
    #[on(tx)]
    fn queue(&mut self) {}
}

fn arm(reactor: &mut Eventp, net: Handle<Net>) {
    reactor.arm(net, Net::ACTIVATE).unwrap();
}

fn main() {}
