//! The random programs of `tests/model`, chosen by libFuzzer for what they cover, under AddressSanitizer.
#![no_main]

#[path = "../../tests/model/mod.rs"]
mod model;

#[global_allocator]
static ALLOCATOR: model::counting::Counting = model::counting::Counting;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    // libFuzzer takes any panic for a finding, also one that the program asks for and catches: only those that get out count.
    std::panic::set_hook(Box::new(|_| {}));
    if let Err(panic) = std::panic::catch_unwind(|| model::run(bytes)) {
        let text = panic.downcast_ref::<String>().map(String::as_str);
        eprintln!("{}", text.or(panic.downcast_ref::<&str>().copied()).unwrap_or("a panic"));
        std::process::abort();
    }
});
