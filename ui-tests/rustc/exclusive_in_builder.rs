//! What `epoll_ctl(2)` refuses beside exclusive has no method.
use eventp::exclusive;

fn main() {
    let _ = exclusive().read().priority();
}
