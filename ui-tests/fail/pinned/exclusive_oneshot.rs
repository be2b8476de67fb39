//! `epoll_ctl(2)` refuses an exclusive one-shot registration.
use eventp::exclusive;

fn main() {
    let _ = exclusive().read().oneshot();
}
