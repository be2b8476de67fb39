#![allow(unused)]

use eventp::{Eventp, Register, handler, subscriber};

#[subscriber(interest = raed | write | write, color = red)]
struct Net<'a> {
    #[fd]
    readable: std::fs::File,
    #[fd(raw)]
    name: &'a str,
}

#[handler]
impl Net<'_> {
    #[on(reedable | in)]
    fn read(self, event: &eventp::Event, once: eventp::Key, twice: eventp::Key) {}

    #[on()]
    async fn write(a: u32) {}
}

fn main() {
    let mut reactor = Eventp::<()>::new().unwrap();
    let file = std::fs::File::open("/dev/null").unwrap();
    Net { readable: file, name: "" }.register_into(&mut reactor).unwrap();
}
