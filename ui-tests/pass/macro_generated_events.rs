//! Events and types from a `macro_rules!`.
use eventp::{handler, subscriber};

macro_rules! log {
    ($name:ident, $state:ty, $($event:ident)|+) => {
        #[subscriber(interest = read)]
        struct $name {
            #[fd]
            file: std::fs::File,
        }

        #[handler]
        impl $name {
            #[on($($event)|+)]
            fn read(&mut self, state: &mut $state) {
                *state += 1;
                let _ = &self.file;
            }
        }
    };
}

log!(Log, u64, readable | hangup);

fn main() {
    let mut log = Log { file: std::fs::File::open("/dev/null").unwrap() };
    log.read(&mut 3);
}
