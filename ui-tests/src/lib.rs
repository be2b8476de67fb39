//! Compile-fail and compile-pass tests of `eventp`; see `tests/ui.rs`.
