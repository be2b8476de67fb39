//! `examples/tour`, run as a process of its own.

mod support;

use std::time::{Duration, Instant};

use support::example;

#[test]
fn the_tour_shows_each_thing_in_its_order() {
    let mut tour = example("tour");
    let start = Instant::now();
    let output = tour.output().unwrap();
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    assert_eq!(String::from_utf8(output.stderr).unwrap(), "");
    assert_eq!(
        String::from_utf8(output.stdout).unwrap(),
        "\
state:  the handler counts in it: request 1
state:  the handler counts in it: request 2
handle: the guide reaches the lamp through it, and switches it on
modify: the lamp waits for nothing; now it waits until it can write
modify: the lamp can write, and is on
delete: the guide deletes the lamp ..
delete: .. its destructor runs at once ..
delete: .. and its handle is stale: NotFound
error:  the hook hears of it: there is a stone in the way
error:  only this subscriber is removed; the state: 5 requests
stop:   by the other thread; 5 requests are answered
"
    );
    assert_eq!(output.status.code(), Some(0));
}
