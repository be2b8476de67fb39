//! Other attributes, and items that are no handlers, stay as they are.
use eventp::{handler, subscriber};

/// A log.
#[subscriber(interest = read)]
#[derive(Debug)]
#[must_use = "a log is read"]
struct Log {
    /// The fd.
    #[fd]
    #[allow(dead_code)]
    file: std::fs::File,
}

#[handler]
impl Log {
    const LINES: usize = 3;

    /// Documented.
    #[inline]
    #[must_use]
    fn open() -> Self {
        Self { file: std::fs::File::open("/dev/null").unwrap() }
    }

    #[on(readable)]
    #[cold]
    #[inline(never)]
    fn read(&mut self) {}
}

fn main() {
    let mut log = Log::open();
    log.read();
    assert_eq!(Log::LINES, 3);
}
