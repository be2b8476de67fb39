//! A parameter that is configured away is not asked for.
use eventp::{Event, Key, handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(&mut self, #[cfg(all())] _event: Event, #[cfg(any())] key: Missing) {}

    #[cfg(any())]
    #[on(writable)]
    fn write(&mut self, state: &mut Missing) {}
}

#[handler]
fn function(#[cfg(any())] file: &mut Missing, #[cfg(all())] _file: &mut std::fs::File, _key: Key) {}

fn main() {
    let _ = function::handler::<eventp::Eventp>;
    let _ = Log { file: std::fs::File::open("/dev/null").unwrap() }.file;
}
