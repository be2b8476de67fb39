//! The function is still a function: called, passed on, and with a type of the same name nowhere in its way.
use eventp::handler;

#[handler]
fn double(state: &mut u32) -> std::io::Result<()> {
    *state *= 2;
    Ok(())
}

fn apply(f: impl Fn(&mut u32) -> std::io::Result<()>, to: u32) -> u32 {
    let mut to = to;
    f(&mut to).unwrap();
    to
}

fn main() {
    assert_eq!(apply(double, 3), 6);
}
