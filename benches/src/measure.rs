//! Runs a workload with all peers and compares them.
//!
//! In comes a workload, out goes a [`Record`] per number and peer. All peers run in one process. A round gives each of them a slice of time,
//! in random order; its ratio to `raw` is taken within the round, so what slows down the machine for longer than a round slows down both.
//! Each slice starts from nothing: the peer is set up, warmed up, timed, ended, and has to account for every event.

use std::time::{Duration, Instant};

use crate::peers::Name;
use crate::report::{Progress, Record};
use crate::workloads::{Kind, Run, Subject, Workload};

/// How long to measure.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// For all rounds of one number.
    pub total: Duration,
    /// For one peer in one round.
    pub slice: Duration,
    /// However long they take.
    pub least_rounds: usize,
}

impl Effort {
    /// So long for each of the numbers of a workload.
    pub fn of_seconds(seconds: f64, workload: &Workload) -> Self {
        let slice = match workload.kind {
            // A client has to be started.
            Kind::Together { .. } => Duration::from_millis(50),
            _ => Duration::from_millis(10),
        };
        Self { total: Duration::from_secs_f64(seconds), slice, least_rounds: 5 }
    }

    /// As little as shows that it works.
    pub fn least() -> Self {
        let slice = Duration::from_micros(100);
        Self { total: Duration::ZERO, slice, least_rounds: 1 }
    }
}

/// A peer, with how many turns it takes to fill a slice.
struct Entrant {
    name: Name,
    turns: u64,
    times: Vec<f64>,
}

/// Measures one number of a workload.
pub fn measure(
    workload: &Workload,
    number: usize,
    effort: Effort,
    progress: &mut Progress,
) -> Vec<Record> {
    if let Kind::Weighed { weigh } = workload.kind {
        let weighed = |&peer: &Name| {
            let (allocations, bytes) = weigh(number, peer)?;
            Some(Record::weighed(workload.name, number, peer, allocations, bytes))
        };
        return Name::ALL.iter().filter_map(weighed).collect();
    }
    let start = Instant::now();
    let mut entrants = Vec::new();
    for name in Name::ALL {
        progress.show(format_args!("{} {number}: trying {}", workload.name, name.text()));
        if let Some(turns) = turns_of(workload, number, name, effort.slice) {
            entrants.push(Entrant { name, turns, times: Vec::new() });
        }
    }
    let mut rounds = 0;
    while rounds < effort.least_rounds || start.elapsed() < effort.total {
        rounds += 1;
        let left = effort.total.saturating_sub(start.elapsed()).as_secs();
        progress.show(format_args!("{} {number}: round {rounds}, {left} s left", workload.name));
        fastrand::shuffle(&mut entrants);
        for entrant in &mut entrants {
            let Some(subject) = workload.make(number, entrant.name) else { continue };
            let run = timed_slice(subject, entrant.turns);
            entrant.times.push(run.time.as_nanos() as f64 / run.events as f64);
        }
    }
    progress.clear();
    entrants.sort_by_key(|entrant| entrant.name);
    compare(workload, number, &entrants)
}

/// Warms up, runs and ends a subject.
fn timed_slice(mut subject: Box<dyn Subject>, turns: u64) -> Run {
    let warm = subject.run(turns.div_ceil(10));
    let run = subject.run(turns);
    let events = subject.end();
    assert_eq!(events, warm.all_events + run.all_events, "every event was handled");
    run
}

/// How many turns fill a slice, or `None` if the peer does not take part.
fn turns_of(workload: &Workload, number: usize, peer: Name, slice: Duration) -> Option<u64> {
    let mut subject = workload.make(number, peer)?;
    let (mut turns, mut events) = (1, 0);
    let last = loop {
        let run = subject.run(turns);
        events += run.all_events;
        if run.time * 4 > slice || turns > 1 << 30 {
            break run;
        }
        turns *= 2;
    };
    assert_eq!(subject.end(), events, "every event was handled");
    let scale = slice.as_secs_f64() / last.time.as_secs_f64().max(1e-9);
    Some((turns as f64 * scale).ceil() as u64)
}

/// Medians, and ratios to `raw` round by round.
fn compare(workload: &Workload, number: usize, entrants: &[Entrant]) -> Vec<Record> {
    let raw = entrants.iter().find(|entrant| entrant.name == Name::Raw);
    let raw = raw.map_or(&[][..], |raw| &raw.times);
    let record = |entrant: &Entrant| {
        let ratios = entrant.times.iter().zip(raw).map(|(time, raw)| time / raw).collect();
        let [_, time, _] = quartiles(entrant.times.clone());
        let [low, ratio, high] = quartiles(ratios);
        Record::timed(workload.name, number, entrant.name, time, ratio, high - low)
    };
    entrants.iter().map(record).collect()
}

/// The first quartile, the median and the third quartile.
pub fn quartiles(mut values: Vec<f64>) -> [f64; 3] {
    values.sort_by(f64::total_cmp);
    [0.25, 0.5, 0.75].map(|part| {
        let place = part * (values.len().saturating_sub(1)) as f64;
        let (below, above) = (values[place.floor() as usize], values[place.ceil() as usize]);
        below + (above - below) * place.fract()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quartiles_lie_between_the_values_next_to_them() {
        assert_eq!(quartiles(vec![3.0]), [3.0, 3.0, 3.0]);
        assert_eq!(quartiles(vec![4.0, 1.0, 2.0, 3.0, 5.0]), [2.0, 3.0, 4.0]);
        assert_eq!(quartiles(vec![1.0, 2.0]), [1.25, 1.5, 1.75]);
    }
}
