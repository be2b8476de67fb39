//! The reactor against its reference model: see `model/mod.rs`.
//!
//! A million random operations, or as many as `EVENTP_OPERATIONS` says; `scripts/soak` goes on for minutes, under AddressSanitizer. A failure is
//! shrunk and printed as the bytes of its program, which is all that there is to it: no seed, no time, no address has a part in it.
//!
//! - `EVENTP_PROGRAM='[1, 2, 3]' cargo test --test random_programs from_the_environment` runs it again; with `EVENTP_TRACE=1` and `-- --nocapture` it tells
//!   each step.
//! - One that ends the process (a signal, a report of AddressSanitizer) cannot be shrunk there, and prints nothing. It is left in the file that `KEPT`
//!   names, and `EVENTP_SHRINK='[1, 2, 3]' cargo test --test random_programs made_shorter -- --nocapture` shrinks it, in processes of its own.
//! - What has failed once is in `model/regressions.txt`, and is run again in each `cargo test`. A change of the language, or of how often it
//!   does what, makes other programs of them, so what is found also gets a test in words.

#[allow(unreachable_pub, missing_debug_implementations, reason = "shared with the fuzz target")]
mod model;

use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::Ordering;
use std::{env, fs};

use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

#[global_allocator]
static ALLOCATOR: model::counting::Counting = model::counting::Counting;

/// The program that is being run; gone when all have been.
const KEPT: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/random_program");

/// Fds are the process's, so programs run one at a time.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

fn in_turn(run: impl FnOnce()) {
    let _turn = ONE_AT_A_TIME.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    run();
}

fn parse(text: &str) -> Vec<u8> {
    text.trim_matches(['[', ']']).split(',').map(|byte| byte.trim().parse().unwrap()).collect()
}

#[test]
fn a_million_random_operations_do_what_the_model_allows() {
    let wanted = env::var("EVENTP_OPERATIONS")
        .map_or(1_000_000, |text| text.replace('_', "").parse().unwrap());
    let config = ProptestConfig {
        cases: 200,
        failure_persistence: None,
        max_shrink_iters: 20_000,
        ..ProptestConfig::default()
    };
    // One number for each step: proptest takes out steps, and makes what is left simpler.
    let programs = prop::collection::vec(any::<u64>(), 1..400);
    let bytes_of =
        |steps: &[u64]| steps.iter().flat_map(|step| step.to_le_bytes()).collect::<Vec<u8>>();
    let mut operations = 0;
    println!("program in hand: {KEPT}");
    in_turn(|| {
        while operations < wanted {
            let ran = TestRunner::new(config.clone()).run(&programs, |steps| {
                let bytes = bytes_of(&steps);
                fs::write(KEPT, format!("{bytes:?}")).unwrap();
                model::run(&bytes);
                Ok(())
            });
            operations = model::OPERATIONS.load(Ordering::Relaxed);
            if let Err(TestError::Fail(reason, steps)) = ran {
                let bytes = bytes_of(&steps);
                panic!(
                    "{reason}\nafter {operations} operations\nreplay by EVENTP_PROGRAM='{bytes:?}'"
                );
            }
        }
    });
    fs::remove_file(KEPT).unwrap();
    println!("operations: {operations}");
    assert!(operations >= wanted);
}

#[test]
fn programs_that_have_failed_once() {
    let text = include_str!("model/regressions.txt");
    let programs = text.lines().filter(|line| line.starts_with('['));
    in_turn(|| programs.for_each(|program| model::run(&parse(program))));
}

#[test]
fn a_program_from_the_environment() {
    if let Ok(text) = env::var("EVENTP_PROGRAM") {
        in_turn(|| model::run(&parse(&text)));
    }
}

/// Whether a program fails, in a process of its own.
fn fails(program: &[u8]) -> bool {
    let mut test = Command::new(env::current_exe().unwrap());
    test.args(["--exact", "a_program_from_the_environment"]);
    test.env("EVENTP_PROGRAM", format!("{program:?}")).env_remove("EVENTP_SHRINK");
    test.stdout(Stdio::null()).stderr(Stdio::null());
    !test.status().unwrap().success()
}

#[test]
fn a_program_from_the_environment_made_shorter() {
    let Ok(text) = env::var("EVENTP_SHRINK") else { return };
    let mut program = parse(&text);
    assert!(fails(&program), "it does not fail");
    // Steps are taken out, fewer and fewer at a time.
    let mut len = program.len().next_multiple_of(model::STEP);
    while len >= model::STEP {
        let mut at = 0;
        while at < program.len() {
            let end = program.len().min(at + len);
            let shorter = [&program[..at], &program[end..]].concat();
            if !shorter.is_empty() && fails(&shorter) {
                program = shorter;
            } else {
                at = end;
            }
        }
        len = if len == model::STEP { 0 } else { (len / 2).next_multiple_of(model::STEP) };
    }
    println!("replay by EVENTP_PROGRAM='{program:?}'");
}
