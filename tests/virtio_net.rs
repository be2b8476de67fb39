//! `examples/virtio-net`, run as a process of its own. It checks its frames itself; here is checked that it did.

mod support;

use std::fs;

use support::output_of;

/// The place of a line among the others.
fn line(out: &str, text: &str) -> usize {
    let found = out.lines().position(|line| line.contains(text));
    found.unwrap_or_else(|| panic!("no line with {text:?} in:\n{out}"))
}

#[test]
fn frames_flow_both_ways_and_the_device_is_taken_out_in_the_end() {
    let out = output_of("virtio-net");
    let steps = [
        "the device is plugged in",
        "the reactor has 0v0: activate",
        "activates it, under the lock",
        "device: activated",
        "limiter is empty and blocks",
        "limiter is refilled by its timer",
        "has sent 400 frames",
        "has received 400 frames",
        "the device is taken out, and nobody else has it",
        "no frame was lost or reordered",
    ];
    assert!(steps.is_sorted_by_key(|step| line(&out, step)), "{out}");

    let counters = out.lines().find(|line| line.contains("Counters")).unwrap();
    assert!(counters.contains("rx_frames: 400, tx_frames: 400"), "{counters}");
    // Each of these went wrong at least once, and right in the end.
    for hindrance in ["rx_deferred", "rx_without_buffer", "tx_tap_full"] {
        assert!(counters.contains(hindrance), "{counters}");
        assert!(!counters.contains(&format!("{hindrance}: 0")), "{counters}");
    }
}

/// What the example is there to show: apart from fields and bodies, a device with six fds is declared in thirty lines.
#[test]
fn the_declarations_take_thirty_lines_at_most() {
    let file = |name| {
        fs::read_to_string(format!("{}/examples/virtio-net/{name}.rs", env!("CARGO_MANIFEST_DIR")))
    };
    let (device, main) = (file("device").unwrap(), file("main").unwrap());

    let mut lines = Vec::new();
    let mut in_signature = false;
    for line in device.lines().map(str::trim) {
        let is_attribute = ["#[subscriber", "#[fd(", "#[handler]", "#[on("]
            .iter()
            .any(|attribute| line.starts_with(attribute));
        let is_arming = line.contains("reactor.arm(") || line.contains("reactor.disarm(");
        if is_attribute || is_arming || in_signature {
            lines.push(line);
        }
        in_signature = line.starts_with("#[on(") || in_signature && !line.ends_with('{');
    }
    lines.extend(main.lines().filter(|line| line.contains("register_into")));
    assert!(lines.len() > 15 && lines.len() <= 30, "{}: {lines:#?}", lines.len());
}
