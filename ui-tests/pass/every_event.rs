//! Every event has a handler of its own, in one list or several.
use eventp::{handler, subscriber};

#[subscriber(interest = read | write | priority | read_hangup)]
struct All {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl All {
    #[on(readable)]
    fn a(&mut self) {}
    #[on(writable | priority)]
    fn b(&mut self) {}
    #[on(error)]
    fn c(&mut self) {}
    #[on(hangup | read_closed,)]
    fn d(&mut self) {
        let _ = &self.file;
    }
}

fn main() {
    let _ = All { file: std::fs::File::open("/dev/null").unwrap() };
}
