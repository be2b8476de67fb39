#![allow(unused)]

use eventp::{handler, subscriber};
use std::fs::File;

#[subscriber]
struct Net {
    #[fd(interest = read)]
    rx: File,
    #[fd(interest = read)]
    tx: File,
    #[fd(interest = read)]
    r#loop: File,
}

#[handler]
impl Net {
    #[on(rx)]
    fn rx(&mut self) {}

    #[on(r#loop, readable)]
    fn again(&mut self) {}
}

mod raw {
    #[eventp::subscriber]
    pub struct Raw {
        #[fd(interest = read)]
        rx: std::fs::File,
        #[fd(interest = read)]
        r#loop: std::fs::File,
    }

    #[eventp::handler]
    impl self::Raw {
        #[on(rx)]
        fn rx(&mut self) {}
    }
}

fn main() {}
