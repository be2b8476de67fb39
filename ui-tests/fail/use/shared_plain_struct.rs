//! A shared cell is a subscriber if what is in it is one.
#![allow(unused)]

use std::sync::{Arc, Mutex};

use eventp::{Eventp, Register};

struct Plain;

fn register(reactor: &mut Eventp) {
    Arc::new(Mutex::new(Plain)).register_into(reactor).unwrap();
}

fn main() {}
