//! The reactor against its reference model: see `model/mod.rs`.

#[allow(unreachable_pub, reason = "shared with the fuzz target")]
mod model;

use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig { cases: 2_000, ..ProptestConfig::default() })]

    /// About a million operations. A failure is shrunk, printed, and kept in `random_programs.proptest-regressions`.
    #[test]
    fn random_programs_do_what_the_model_allows(bytes in prop::collection::vec(any::<u8>(), 1..1_500)) {
        model::run(&bytes);
    }
}
