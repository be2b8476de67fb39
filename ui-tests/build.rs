//! Tells the tests whether this is the compiler that the `.stderr` files were made with.

use std::env;
use std::process::Command;

/// Also in `rust-toolchain.toml` and in `scripts/bless`.
const BLESSED: &str = "1.95";

fn main() {
    println!("cargo::rustc-check-cfg=cfg(blessed_toolchain)");
    println!("cargo::rerun-if-changed=build.rs");
    let rustc = env::var_os("RUSTC").unwrap_or_else(|| "rustc".into());
    let version = Command::new(rustc).arg("--version").output();
    let version = version.map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    let version = version.unwrap_or_default();
    let number = version.split_whitespace().nth(1).unwrap_or_default();
    let is_stable = !number.contains('-');
    if is_stable && number.strip_prefix(BLESSED).is_some_and(|rest| rest.starts_with('.')) {
        println!("cargo::rustc-cfg=blessed_toolchain");
    }
}
