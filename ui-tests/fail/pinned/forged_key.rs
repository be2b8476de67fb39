//! Keys are made by reactors only.
use eventp::Key;

fn main() {
    let _ = Key { slot: 0, generation: 0 };
}
