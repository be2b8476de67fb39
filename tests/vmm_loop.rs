//! `examples/vmm-loop`, run as a process of its own. It checks its counts itself; here is checked that it did.

mod support;

use support::output_of;

#[test]
fn each_of_the_22_fds_has_its_events_handled() {
    let out = output_of("vmm-loop");
    assert!(out.contains("\n22 fds in 9 subscribers\n"), "{out}");

    let counts: Vec<u64> = out
        .lines()
        .filter_map(|line| line.strip_suffix(" events"))
        .map(|line| line.rsplit_once(' ').unwrap().1.parse().unwrap())
        .collect();
    assert_eq!(counts.len(), 22, "{out}");
    assert!(counts.iter().all(|&count| count > 0), "{out}");
    let total = format!("\n{} events in ", counts.iter().sum::<u64>());
    assert!(out.contains(&total), "{total}, {out}");
}

#[test]
fn the_listing_names_each_subscriber_and_each_fd() {
    let out = output_of("vmm-loop");
    for name in ["Net", "Block", "Vsock", "Balloon", "Serial", "Rtc", "flush_metrics", "answer"] {
        assert!(out.contains(&format!("vmm_loop::{name}")), "{name}, {out}");
    }
    let (listing, _) = out.split_once("\n]\n").unwrap();
    assert_eq!(listing.lines().filter(|line| line.contains(": fd ")).count(), 22, "{out}");
    for field in ["activate", "rx_limiter", "tap", "completions", "inflate", "timer"] {
        assert!(listing.contains(&format!("{field}: fd ")), "{field}, {out}");
    }
}
