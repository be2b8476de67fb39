//! The reactor against its reference model: see `model/mod.rs`.

#[allow(unreachable_pub, missing_debug_implementations, reason = "shared with the fuzz target")]
mod model;

#[global_allocator]
static ALLOCATOR: model::counting::Counting = model::counting::Counting;

use std::sync::atomic::Ordering;

use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

/// About a million operations. `PROPTEST_CASES` asks for more or fewer programs; `scripts/soak` goes on for minutes.
#[test]
fn random_programs_do_what_the_model_allows() {
    let config = ProptestConfig {
        cases: std::env::var("PROPTEST_CASES").map_or(2_500, |text| text.parse().unwrap()),
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    };
    let programs = prop::collection::vec(any::<u8>(), 1..2_500);
    let ran = TestRunner::new(config).run(&programs, |bytes| {
        model::run(&bytes);
        Ok(())
    });
    println!("operations: {}", model::OPERATIONS.load(Ordering::Relaxed));
    if let Err(TestError::Fail(reason, bytes)) = ran {
        panic!(
            "{reason}\nreplay by EVENTP_PROGRAM='{bytes:?}' (and EVENTP_TRACE=1 to see what happens)"
        );
    }
}

/// One program, given in the environment as a failure prints it.
#[test]
fn a_program_from_the_environment() {
    if let Ok(text) = std::env::var("EVENTP_PROGRAM") {
        let bytes =
            text.trim_matches(['[', ']']).split(',').map(|byte| byte.trim().parse().unwrap());
        model::run(&bytes.collect::<Vec<u8>>());
    }
}
