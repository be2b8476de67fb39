//! Nor in a static that all threads share.
use std::sync::Mutex;

use eventp::{Eventp, Pinned};

static KEPT: Mutex<Option<Pinned<'static, Eventp>>> = Mutex::new(None);

fn main() {}
