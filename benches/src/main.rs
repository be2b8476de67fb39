//! `cargo run --release -p eventp-bench -- WORKLOAD [--quick] [--json FILE]`: see `--help`, and `docs/performance`.

#[cfg(feature = "libc-wait")]
mod repeat;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
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
usage: eventp-bench WORKLOAD.. [--quick] [--seconds N] [--instructions] [--wall] [--json FILE [--add]]
       eventp-bench plot FILE [--into FOLDER]

  --quick         each workload within 30 seconds
  --seconds N     so many for each number of a workload (30)
  --instructions  count instructions too, where valgrind is installed
  --wall          time by the clock, and not by what the thread has run
  --json FILE     write the figures there
  --add           and keep what is in FILE
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
    add: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    // What the program runs itself as.
    match arguments.first().map(String::as_str) {
        Some("client") => client::main(&arguments[1..]),
        Some("count") => instructions::main(&arguments[1..]),
        Some("plot") => plot::main(&arguments[1..]),
        _ => match parse() {
            Ok(Some(arguments)) => return run(&arguments),
            Ok(None) => print!("{}", usage()),
            Err(error) => {
                eprint!("{error}\n\n{}", usage());
                return ExitCode::FAILURE;
            }
        },
    }
    ExitCode::SUCCESS
}

fn usage() -> String {
    let mut text = USAGE.to_owned();
    for Workload { name, about, .. } in workloads::ALL {
        let _ = writeln!(text, "  {name:<11} {about}");
    }
    text
}

/// `None`: to be told how it is used.
fn parse() -> Result<Option<Arguments>, lexopt::Error> {
    use lexopt::prelude::{Long, Value, ValueExt};
    let mut arguments = Arguments::default();
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("help") => return Ok(None),
            Long("quick") => arguments.quick = true,
            Long("seconds") => arguments.seconds = Some(parser.value()?.parse()?),
            Long("instructions") => arguments.instructions = true,
            Long("wall") => arguments.wall = true,
            Long("json") => arguments.json = Some(parser.value()?.into()),
            Long("add") => arguments.add = true,
            Value(name) if name == "all-of-them" => {
                arguments.workloads.extend(workloads::ALL.iter().filter(|it| it.is_there()));
            }
            Value(name) => {
                let found = name.to_str().and_then(workloads::find);
                let unknown = || format!("unknown workload {}", name.to_string_lossy());
                let found = found.ok_or_else(unknown)?;
                if !found.is_there() {
                    return Err(format!("{} needs --features libc-wait", found.name).into());
                }
                arguments.workloads.push(found);
            }
            _ => return Err(argument.unexpected()),
        }
    }
    if arguments.workloads.is_empty() {
        return Err("missing workload".into());
    }
    Ok(Some(arguments))
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
    match arguments.json.as_ref().map_or(Ok(()), |path| write(records, path, arguments.add)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn write(records: Vec<Record>, path: &Path, add: bool) -> io::Result<()> {
    let mut all = if add { report::read_json(path)? } else { Vec::new() };
    all.extend(records);
    report::write_json(&all, path)
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
