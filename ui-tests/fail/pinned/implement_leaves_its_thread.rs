//! Nobody can say that a reactor leaves its thread, however much of their own is in it: an `unsafe impl` rests on that.
use eventp::{Eventp, LeavesItsThread, Pinned};

struct Mine;

impl LeavesItsThread for Eventp<Mine> {}
impl LeavesItsThread for Pinned<'_, Eventp<Mine>> {}

fn main() {}
