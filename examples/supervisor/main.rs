//! A supervisor: starts programs, restarts them when they end, and forwards what they say.
//!
//! ```text
//! cargo run --release --example supervisor -- examples/supervisor/demo.conf
//! ```
//!
//! The configuration says what to run (see [`config`]); `demo.conf` has one program of each kind. In another terminal:
//!
//! - `kill -HUP PID` reads it again: new programs are started, removed ones stopped, changed ones restarted, all others left alone. If it has a
//!   mistake, that is said and everything stays as it is.
//! - `kill PID`, or Ctrl-C, stops all programs: `SIGTERM` first, and `SIGKILL` when their time is up, or at a second Ctrl-C.
//!
//! It ends with 0 when no program is left to run, and with 1 if the configuration is wrong. Each program is one subscriber, with its process, its
//! two pipes and a timer ([`program`]). Its output is written by the one thread there is: who does not read what the supervisor says
//! makes the programs wait, as with any pipe, and the supervisor with them.

#![forbid(unsafe_code)]

mod config;
mod output;
mod program;
mod state;

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use eventp::{Eventp, EventpOps, Pinned, Register, Signals, handler, subscriber};

use crate::config::Config;
use crate::output::log;
use crate::state::Supervisor;

/// The signals that are sent to the supervisor itself.
#[subscriber(interest = read)]
struct Orders {
    #[fd]
    signals: Signals,
}

#[handler]
impl Orders {
    #[on(readable)]
    fn obey(
        &mut self,
        supervisor: &mut Supervisor,
        mut reactor: Pinned<'_, impl EventpOps<State = Supervisor>>,
    ) -> io::Result<()> {
        match self.signals.read()?.number() {
            libc::SIGHUP => supervisor.reload(&mut reactor),
            _ => supervisor.stop(&mut reactor),
        }
        Ok(())
    }
}

fn supervise(path: PathBuf, config: Config) -> io::Result<()> {
    let signals = Signals::new(&[libc::SIGINT, libc::SIGTERM, libc::SIGHUP])?;
    let mut supervisor = Supervisor::new(path);
    let mut reactor = Eventp::<Supervisor>::new()?;
    reactor.on_error(|error, supervisor| {
        log(&error.to_string());
        supervisor.lost(error.key());
    });
    Orders { signals }.register_into(&mut reactor)?;
    supervisor.apply(config, &mut Pinned::new(&mut reactor));
    reactor.run_with(&mut supervisor)
}

fn run() -> Result<(), Vec<String>> {
    let mut arguments = std::env::args_os().skip(1);
    let (Some(path), None) = (arguments.next(), arguments.next()) else {
        return Err(vec!["supervisor: missing CONFIG; expected one file and nothing else".into()]);
    };
    let path = PathBuf::from(path);
    let config = config::read(&path)?;
    supervise(path, config).map_err(|error| vec![format!("supervisor: {error}")])
}

fn main() -> ExitCode {
    let Err(errors) = run() else { return ExitCode::SUCCESS };
    errors.iter().for_each(|it| eprintln!("{it}"));
    ExitCode::FAILURE
}
