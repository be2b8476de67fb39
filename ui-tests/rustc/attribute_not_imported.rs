//! The attributes are imported like anything else.
#[subscriber(interest = read)]
struct Log {
    file: std::fs::File,
}

#[handler]
impl Log {
    fn handle(&mut self) {}
}

fn main() {}
