//! What compiles, and what is said of what does not.
//!
//! The wording of rustc changes from version to version, so the texts are compared on one toolchain only. `scripts/bless` writes
//! them anew. What must be true of the texts whatever the toolchain, `coverage.rs` checks.

use trybuild::TestCases;

/// `fail` has our own words, `rustc` those of rustc.
const FOLDERS: &[&str] = &["fail/subscriber", "fail/handler", "fail/use", "fail/pinned", "rustc"];

#[test]
fn right_programs_compile_and_run() {
    TestCases::new().pass("pass/*.rs");
}

#[test]
#[cfg_attr(not(blessed_toolchain), ignore = "error texts are compared on Rust 1.95 only")]
fn wrong_programs_get_our_messages() {
    let cases = TestCases::new();
    for folder in FOLDERS {
        cases.compile_fail(format!("{folder}/*.rs"));
    }
}
