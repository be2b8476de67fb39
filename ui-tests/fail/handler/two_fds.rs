//! Two `&mut`, of which none says that it is the state.
#![allow(unused)]

use eventp::handler;

struct Server;

#[handler]
fn read(file: &mut std::fs::File, server: &mut Server) {}

fn main() {}
