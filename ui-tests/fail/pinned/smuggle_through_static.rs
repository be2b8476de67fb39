//! A `Pinned` cannot be kept in a static.
use std::cell::RefCell;

use eventp::{Eventp, Pinned, handler};

thread_local! {
    static KEPT: RefCell<Option<Pinned<'static, Eventp>>> = const { RefCell::new(None) };
}

#[handler]
fn keep(_stream: &mut std::net::TcpStream, reactor: Pinned<'_, Eventp>) {
    KEPT.with(|kept| *kept.borrow_mut() = Some(reactor));
}

fn main() {}
