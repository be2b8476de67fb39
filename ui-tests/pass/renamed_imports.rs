//! What a parameter is, its type says, whatever it is called.
use eventp::{Event as Readiness, Key as Name, Pinned as View, handler, subscriber};

type Wanted = eventp::Interest;

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(
        &mut self,
        _readiness: Readiness,
        _name: Name,
        _wanted: Wanted,
        mut view: View<'_, impl eventp::EventpOps>,
    ) {
        let _ = &self.file;
        view.stop();
    }
}

fn main() {
    let _ = Log { file: std::fs::File::open("/dev/null").unwrap() };
}
