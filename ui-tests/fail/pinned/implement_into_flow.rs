//! What a handler can return is fixed.
use eventp::IntoFlow;

struct Mine;

impl IntoFlow for Mine {}

fn main() {}
