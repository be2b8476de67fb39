//! eventp side by side with its peers.
//!
//! `cargo run --release -p eventp-bench -- WORKLOAD PEER FORM TURNS` does one thing so many times and checks that every event was handled;
//! `scripts/port-cost` runs it under callgrind and prints the instructions per turn of all workloads and peers.

mod ports;

use std::env;
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let ran = match arguments[..] {
        [workload, peer, form, turns] => ports::run(workload, peer, form, turns),
        _ => None,
    };
    match ran {
        Some(events) => {
            println!("{events} events");
            ExitCode::SUCCESS
        }
        None => {
            eprintln!(
                "usage: eventp-bench WORKLOAD PEER FORM TURNS\n  \
                 WORKLOAD  one-fd, kick, five, activate, vmm\n  \
                 PEER      ours, event-manager, eventp-1\n  \
                 FORM      plain, shared (behind Arc<Mutex<_>>)"
            );
            ExitCode::FAILURE
        }
    }
}
