//! `cargo run --release -p eventp-bench -- WORKLOAD [--quick] [--json FILE]`: see `USAGE`, and `docs/performance`.

mod repeat;

use std::path::PathBuf;
use std::process::ExitCode;
use std::{env, io};

use eventp_bench::measure::{Effort, measure};
use eventp_bench::report::{self, Progress, Record};
use eventp_bench::weight::Counting;
use eventp_bench::workloads::{self, Kind, Workload};
use eventp_bench::{client, instructions, plot};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const USAGE: &str = "\
usage: eventp-bench WORKLOAD.. [--quick] [--seconds N] [--instructions] [--wall] [--json FILE]
       eventp-bench plot FILE [--into FOLDER]

  --quick         each workload within 30 seconds
  --seconds N     so many for each number of a workload (30)
  --instructions  count instructions too, where valgrind is installed
  --wall          time by the clock, and not by what the thread has run
  --json FILE     write the figures there
  --into FOLDER   where charts and tables go (docs/performance)

workloads: all-of-them, or some of these
";

/// What is to be done.
#[derive(Default)]
struct Arguments {
    workloads: Vec<&'static Workload>,
    quick: bool,
    seconds: Option<f64>,
    instructions: bool,
    wall: bool,
    json: Option<PathBuf>,
}

fn main() -> ExitCode {
    repeat::init();
    let arguments: Vec<String> = env::args().skip(1).collect();
    // What the program runs itself as.
    match arguments.first().map(String::as_str) {
        Some("client") => client::main(&arguments[1..]),
        Some("count") => instructions::main(&arguments[1..]),
        Some("plot") => plot::main(&arguments[1..]),
        _ => match parse() {
            Ok(arguments) => return run(&arguments),
            Err(error) => {
                eprint!("{error}\n\n{USAGE}");
                for workload in workloads::ALL {
                    eprintln!("  {:<11} {}", workload.name, workload.about);
                }
                return ExitCode::FAILURE;
            }
        },
    }
    ExitCode::SUCCESS
}

fn parse() -> Result<Arguments, lexopt::Error> {
    use lexopt::prelude::{Long, Value, ValueExt};
    let mut arguments = Arguments::default();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("quick") => arguments.quick = true,
            Long("seconds") => arguments.seconds = Some(parser.value()?.parse()?),
            Long("instructions") => arguments.instructions = true,
            Long("wall") => arguments.wall = true,
            Long("json") => arguments.json = Some(parser.value()?.into()),
            Value(name) if name == "all-of-them" => arguments.workloads.extend(workloads::ALL),
            Value(name) => {
                let found = name.to_str().and_then(workloads::find);
                let unknown = || format!("unknown workload {}", name.to_string_lossy());
                arguments.workloads.push(found.ok_or_else(unknown)?);
            }
            _ => return Err(argument.unexpected()),
        }
    }
    if arguments.workloads.is_empty() {
        return Err("missing workload".into());
    }
    Ok(arguments)
}

fn run(arguments: &Arguments) -> ExitCode {
    if arguments.wall {
        workloads::time_by_the_wall();
    }
    let counts = arguments.instructions && instructions::are_countable();
    if arguments.instructions && !counts {
        eprintln!("instructions are not counted: valgrind is not installed");
    }
    let mut progress = Progress::new();
    let mut records = Vec::new();
    for workload in &arguments.workloads {
        println!("{}: {}", workload.name, workload.about);
        records.extend(run_one(workload, arguments, counts, &mut progress));
    }
    match arguments.json.as_ref().map_or(Ok(()), |path| report::write_json(&records, path)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn run_one(
    workload: &Workload,
    arguments: &Arguments,
    counts: bool,
    progress: &mut Progress,
) -> Vec<Record> {
    // What a client takes beside the slices is not in this.
    let total = if matches!(workload.kind, Kind::Together { .. }) { 14.0 } else { 20.0 };
    let quick = total / workload.numbers.len() as f64;
    let seconds = arguments.seconds.unwrap_or(if arguments.quick { quick } else { 30.0 });
    let mut all = Vec::new();
    for &number in workload.numbers {
        let effort = Effort::of_seconds(seconds, workload);
        let mut records = measure(workload, number, effort, progress);
        if counts {
            instructions::count(workload, &mut records, progress);
        }
        println!("{}", report::table(&records));
        all.extend(records);
    }
    all
}

fn fail(error: &io::Error) -> ExitCode {
    eprintln!("{error}");
    ExitCode::FAILURE
}
