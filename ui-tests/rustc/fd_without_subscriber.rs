//! `#[fd]` belongs to `#[subscriber]`.
struct Log {
    #[fd]
    file: std::fs::File,
}

fn main() {}
