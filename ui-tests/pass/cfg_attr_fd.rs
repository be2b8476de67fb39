//! An `#[fd]` that `cfg_attr` puts there.
use eventp::{handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[cfg_attr(all(), fd)]
    file: std::fs::File,
    #[cfg_attr(any(), fd)]
    other: Option<std::fs::File>,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(&mut self) {
        let _ = &self.other;
    }
}

fn main() {
    let mut log = Log { file: std::fs::File::open("/dev/null").unwrap(), other: None };
    log.read();
}
