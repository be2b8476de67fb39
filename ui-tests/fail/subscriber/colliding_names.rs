#![allow(unused, non_snake_case)]

use eventp::subscriber;
use std::fs::File;

#[subscriber]
struct Fields {
    #[fd(interest = read)]
    tx: File,
    #[fd(interest = read)]
    TX: File,
    #[fd(interest = read)]
    r#type: File,
    #[fd(interest = read)]
    TYPE: File,
}

#[subscriber]
struct Groups {
    #[fd(interest = read, group = tap)]
    tx: File,
    #[fd(interest = read, group = Tx)]
    tap: File,
    #[fd(interest = read, group = active)]
    a: File,
    #[fd(interest = read, group = ACTIVE)]
    b: File,
}

#[subscriber]
struct Own {
    #[fd(interest = read, group = later)]
    a: File,
}

impl Own {
    const LATER: u8 = 3;
}

fn main() {
    let _ = (Fields::TX, Fields::TYPE, Groups::TAP);
}
