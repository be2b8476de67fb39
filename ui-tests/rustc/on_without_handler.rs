//! `#[on(..)]` belongs to `#[handler]`.
use eventp::subscriber;

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

impl Log {
    #[on(readable)]
    fn read(&mut self) {}
}

fn main() {}
