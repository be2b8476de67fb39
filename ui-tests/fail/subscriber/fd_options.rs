#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
struct Group {
    #[fd(group = active)]
    queue: std::fs::File,
}

#[subscriber(interest = read)]
struct Twice {
    #[fd]
    #[fd]
    queue: std::fs::File,
}

#[subscriber(interest = read)]
struct Again {
    #[fd(interest = write)]
    queue: std::fs::File,
}

#[subscriber(interest = read)]
struct Value {
    #[fd = "queue"]
    queue: std::fs::File,
}

fn main() {}
