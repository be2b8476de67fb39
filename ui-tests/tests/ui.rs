//! What compiles, and what is said of what does not.
//!
//! The wording of rustc changes from version to version, so the texts are compared on one toolchain only. `scripts/bless` writes
//! them anew.

use std::fs;
use std::path::Path;

use trybuild::TestCases;

/// Where the texts are the macros' own, and everything that is compared.
const OURS: &[&str] = &["fail/subscriber", "fail/handler"];
const ALL: &[&str] = &["fail/subscriber", "fail/handler", "fail/pinned"];

#[test]
fn right_programs_compile_and_run() {
    TestCases::new().pass("pass/*.rs");
}

#[test]
#[cfg_attr(not(blessed_toolchain), ignore = "error texts are compared on Rust 1.95 only")]
fn wrong_programs_get_our_messages() {
    let cases = TestCases::new();
    for folder in ALL {
        cases.compile_fail(format!("{folder}/*.rs"));
    }
}

#[test]
fn every_message_belongs_to_a_program() {
    for folder in ALL {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            assert!(path.with_extension("rs").exists(), "{} is orphaned", path.display());
            assert!(path.with_extension("stderr").exists(), "{} is not blessed", path.display());
        }
    }
}

#[test]
fn messages_name_nothing_that_users_cannot_know() {
    for folder in OURS {
        let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join(folder);
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            if path.extension().is_some_and(|extension| extension == "stderr") {
                let text = fs::read_to_string(&path).unwrap();
                for hidden in ["__private", "__Ep", "__Fd", "__d", "__T", "__v", "__eventp"] {
                    assert!(!text.contains(hidden), "{} mentions {hidden}", path.display());
                }
            }
        }
    }
}
