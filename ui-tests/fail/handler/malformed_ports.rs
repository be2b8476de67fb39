#![allow(unused)]

use eventp::{handler, subscriber};
use std::fs::File;

#[subscriber]
struct Net {
    #[fd(interest = read)]
    tap: File,
    #[fd(interest = read)]
    disk: File,
}

#[handler]
impl Net {
    #[on(tap | readable)]
    fn mixed(&mut self) {}

    #[on(readable, tap)]
    fn reversed(&mut self) {}

    #[on(tap, readable, writable)]
    fn three(&mut self) {}

    #[on(tap, disk)]
    fn no_event(&mut self) {}

    #[on(tap, raedable)]
    fn typo(&mut self) {}

    #[on(tap | tap)]
    fn duplicate(&mut self) {}

    #[on(tap | hangup, readable)]
    fn event_among_ports(&mut self) {}

    #[on(self)]
    fn keyword(&mut self) {}

    #[on(, readable)]
    fn missing(&mut self) {}
}

fn main() {}
