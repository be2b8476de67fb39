//! A `Pinned` is not `'static`, so it cannot pass for an `Any` either.
use std::any::Any;

use eventp::{Eventp, Pinned};

struct State {
    kept: Vec<Box<dyn Any>>,
}

fn handler(state: &mut State, reactor: Pinned<'_, Eventp<State>>) {
    state.kept.push(Box::new(reactor));
}

fn main() {}
