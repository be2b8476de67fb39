//! Each combination of `#[cfg(..)]` is an impl of its own, so there is a limit.
#![allow(unexpected_cfgs, unused)]

use eventp::{Event, Interest, Key, Port, handler};

#[handler]
fn read(
    #[cfg(a)] event: Event,
    #[cfg(b)] interest: Interest,
    #[cfg(c)] key: Key,
    #[cfg(d)] port: Port,
    #[cfg(e)] file: &mut std::fs::File,
    #[cfg(f)] state: &mut u32,
) {
}

fn main() {}
