//! A borrow error in a method is rustc's own.
use eventp::{handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
    lines: Vec<String>,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(&mut self) {
        for line in &self.lines {
            self.lines.push(line.clone());
        }
    }
}

fn main() {}
