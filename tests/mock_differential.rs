//! `MockEventp` against `Eventp`: the same program runs in both, and all that can be seen of it has to be the same.
//!
//! A program is a list of steps. The driver outside takes one after the other, and each handler that is called takes those up to an
//! [`Answer`](Step::Answer), or up to a step of the driver's. What happened is a list of lines: results and errors with their texts, handler calls, destructors, and what is registered
//! after each step. To fire an fd is to write to its peer for the one, and `fire_batch_with` for the other.

mod common;
#[path = "mock_differential/program.rs"]
mod program;
#[path = "mock_differential/reactors.rs"]
mod reactors;
#[path = "mock_differential/subscribers.rs"]
mod subscribers;

use eventp::{Eventp, MockEventp};
use proptest::prelude::*;
use proptest::sample::select;

use program::{Answer, Fields, Place, Step, run};
use subscribers::World;

/// Runs a program in both reactors, and returns what happened.
fn both(steps: &[Step], has_hook: bool) -> Vec<String> {
    let real = run::<Eventp<World>>(steps, has_hook);
    let mock = run::<MockEventp<World>>(steps, has_hook);
    let same = real.iter().zip(&mock).take_while(|(real, mock)| real == mock).count();
    assert!(
        same == real.len() && same == mock.len(),
        "{steps:#?}\nin both:\n  {}\nthen in `Eventp`: {:?}\nbut in `MockEventp`: {:?}",
        real[..same].join("\n  "),
        real.get(same),
        mock.get(same),
    );
    real
}

/// Runs it with and without a hook, and checks that these lines are among what happened, in this order.
fn both_see(steps: &[Step], lines: &[&str]) {
    for has_hook in [true, false] {
        let seen = both(steps, has_hook);
        let mut rest = seen.iter();
        for line in lines {
            assert!(rest.any(|it| it.contains(line)), "no `{line}` in\n  {}", seen.join("\n  "));
        }
    }
}

const READ: u8 = 1;
const READ_ONCE: u8 = 3;

#[test]
fn a_one_shot_is_silent_until_it_is_modified() {
    let control = Place { sub: 0, fields: Fields::Only, index: None };
    let steps = [
        Step::AddSingle,
        Step::Modify(control, READ_ONCE),
        Step::Fire(vec![0]),
        Step::Fire(vec![0]),
        Step::Trigger(control),
        Step::Modify(control, READ_ONCE),
        Step::Fire(vec![0]),
        Step::Modify(control, READ_ONCE), // by the handler
        Step::Answer(Answer::Keep),
        Step::Fire(vec![0]),
    ];
    both_see(
        &steps,
        &[
            "0 called on Port { field: 0, index: 0 }",
            "trigger: InvalidInput",
            "0 called on Port { field: 0, index: 0 }",
            "0 called on Port { field: 0, index: 0 }",
        ],
    );
}

#[test]
fn a_one_shot_that_is_modified_before_its_event_of_the_batch_has_its_shot_still_to_come() {
    let one = Place { sub: 1, fields: Fields::Only, index: None };
    let steps = [
        Step::AddSingle,
        Step::AddSingle,
        Step::Fire(vec![0, 1]),
        Step::Modify(one, READ_ONCE),
        Step::Answer(Answer::Keep),
        Step::Answer(Answer::Keep),
        Step::Fire(vec![1]),
        Step::Fire(vec![1]),
        // Again, when its event cannot be in the batch.
        Step::Fire(vec![0, 1]),
        Step::Modify(one, READ_ONCE),
        Step::Answer(Answer::Keep),
        Step::Fire(vec![1]),
    ];
    let calls = ["0 called", "1 called", "1 called", "0 called", "1 called"];
    for has_hook in [true, false] {
        let seen = both(&steps, has_hook);
        let called: Vec<_> = seen.iter().filter(|it| it.contains("called")).collect();
        assert_eq!(called.len(), calls.len(), "{called:?}");
        assert!(called.iter().zip(calls).all(|(line, call)| line.starts_with(call)), "{called:?}");
    }
}

#[test]
fn who_is_deleted_in_a_batch_is_silent_and_who_deletes_itself_goes_last() {
    let steps = [
        Step::AddSingle,
        Step::AddSingle,
        Step::AddSingle,
        Step::Fire(vec![0, 1, 2]),
        Step::Delete(1),
        Step::Delete(0),
        Step::Lend(0),
        Step::Lend(2),
        Step::AddSame(0),
        Step::Answer(Answer::Fail),
        Step::Answer(Answer::Remove),
    ];
    let lines = [
        "0 called",
        "dropped 1",
        "get: NotFound",
        "lent 2",
        "added 3",
        "dropped 0",
        "handle: Other",
        "2 called",
        "dropped 2",
    ];
    for has_hook in [true, false] {
        let seen = both(&steps, has_hook);
        for line in lines {
            assert!(seen.iter().any(|it| it.contains(line)), "no `{line}` in {seen:#?}");
        }
    }
}

#[test]
fn a_subscriber_with_several_fds_is_armed_disarmed_and_refused_alike() {
    let place = |fields| Place { sub: 0, fields, index: None };
    let steps = [
        Step::AddMulti,
        Step::Modify(place(Fields::Active), READ),
        Step::Modify(place(Fields::Queues), READ),
        Step::Modify(Place { sub: 0, fields: Fields::Only, index: None }, READ),
        Step::Arm(0, Fields::Active),
        Step::Arm(0, Fields::Queues),
        Step::Modify(place(Fields::Tap), READ),
        Step::Modify(Place { index: Some(1), ..place(Fields::Queues) }, READ),
        Step::Fire(vec![0, 1, 2, 3]),
        Step::Disarm(0, Fields::Queues),
        Step::ArmSelf(Fields::Queues),
        Step::Lend(0),
        Step::Arm(0, Fields::Tap),
        Step::Answer(Answer::Keep),
        Step::Fire(vec![1, 2, 3]),
        Step::Answer(Answer::Keep),
        Step::Answer(Answer::Keep),
        Step::Answer(Answer::Keep),
        Step::Disarm(0, Fields::Control),
        Step::Disarm(0, Fields::Control),
        Step::Modify(place(Fields::Control), READ),
        Step::AddSame(0),
        Step::Arm(0, Fields::Control),
        Step::Fire(vec![0]),
    ];
    both_see(
        &steps,
        &[
            "modify: NotFound",
            "modify: InvalidInput `its ports are named by their fields",
            "arm: ok",
            "arm: AlreadyExists",
            "modify: InvalidInput `an exclusive",
            "modify: ok",
            "0 called on Port { field: 0, index: 0 }",
            "get: ResourceBusy",
            "get: ResourceBusy",
            "disarm: NotFound",
            "modify: NotFound",
            "added 1",
            "arm: AlreadyExists",
        ],
    );
}

#[test]
fn a_panic_loses_no_event_and_no_destructor() {
    let steps = [
        Step::AddSingle,
        Step::AddSingle,
        Step::AddSingle,
        Step::Fire(vec![0, 1, 2]),
        Step::Delete(0),
        Step::Delete(2),
        Step::Answer(Answer::Panic),
        Step::Answer(Answer::Stop),
        Step::Fire(vec![1]),
    ];
    both_see(&steps, &["0 called", "dropped 2", "panicked", "dropped 0", "1 called", "1 called"]);
}

#[test]
fn triggers_call_in_the_next_turn_who_is_still_there() {
    let place = |sub| Place { sub, fields: Fields::Only, index: None };
    let steps = [
        Step::AddSingle,
        Step::AddSingle,
        Step::Trigger(place(0)),
        Step::Trigger(place(1)),
        Step::Turn,
        Step::Trigger(place(0)), // by the handler of 0
        Step::Delete(1),
        Step::Answer(Answer::Keep),
    ];
    both_see(&steps, &["0 called", "dropped 1", "0 called"]);
}

fn fields() -> impl Strategy<Value = Fields> {
    select(&Fields::EACH[..])
}

fn place() -> impl Strategy<Value = Place> {
    let index = prop::option::of(0..3usize);
    (0..6usize, fields(), index).prop_map(|(sub, fields, index)| Place { sub, fields, index })
}

fn step() -> impl Strategy<Value = Step> {
    let sub = 0..6usize;
    let answer = select(&Answer::EACH[..]);
    prop_oneof![
        2 => Just(Step::AddSingle),
        2 => Just(Step::AddMulti),
        2 => (0..12usize).prop_map(Step::AddSame),
        3 => (place(), 0..5u8).prop_map(|(place, interest)| Step::Modify(place, interest)),
        2 => sub.clone().prop_map(Step::Delete),
        3 => (sub.clone(), fields()).prop_map(|(sub, fields)| Step::Arm(sub, fields)),
        2 => fields().prop_map(Step::ArmSelf),
        3 => (sub.clone(), fields()).prop_map(|(sub, fields)| Step::Disarm(sub, fields)),
        2 => place().prop_map(Step::Trigger),
        2 => sub.clone().prop_map(Step::Lend),
        1 => sub.prop_map(Step::Take),
        1 => Just(Step::Stop),
        1 => Just(Step::Turn),
        6 => prop::collection::vec(0..20usize, 1..6).prop_map(Step::Fire),
        5 => answer.prop_map(Step::Answer),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_programs_do_the_same_in_both(
        steps in prop::collection::vec(step(), 1..80),
        has_hook: bool,
    ) {
        both(&steps, has_hook);
    }
}
