#![allow(unused)]

use eventp::subscriber;

#[subscriber(interest = read)]
struct Net {
    #[fd]
    queue: std::collections::VecDeque<std::fs::File>,
}

#[subscriber(interest = read)]
struct Generic<T: 'static> {
    #[fd]
    source: T,
}

#[subscriber(interest = read)]
struct Unknown {
    #[fd]
    source: TcpStraem,
}

fn main() {}
