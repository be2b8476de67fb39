//! A program: one subscriber with the process, its two pipes, and a timer.
//!
//! What comes in are events of these four, and wishes of the supervisor; what goes out is output, and signals for the process group. A
//! wish never touches the reactor: it changes the phase and the timer, and all else follows in this subscriber's own handlers.

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{ChildStderr, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use eventp::{Child, EventpOps, Flow, Key, Pinned, Port, Timer, handler, subscriber};

use crate::config::{Restart, Spec};
use crate::output::{Output, Stream, log};
use crate::state::Supervisor;

/// How often it is looked whether those whom an ended process has left behind are gone. No event tells.
const GLANCE: Duration = Duration::from_millis(20);

#[subscriber]
pub(crate) struct Program {
    #[fd(interest = read, group = running)]
    child: Option<Child>,
    #[fd(interest = read, group = running)]
    stdout: Option<Output<ChildStdout>>,
    #[fd(interest = read, group = running)]
    stderr: Option<Output<ChildStderr>>,
    /// For the next change of the phase.
    #[fd(interest = read)]
    timer: Timer,
    name: String,
    spec: Spec,
    phase: Phase,
    wish: Wish,
    /// How often in a row it has ended before it was healthy.
    failures: u32,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// Is not running; started when the timer expires.
    Idle,
    Running {
        since: Instant,
    },
    /// Was sent `SIGTERM`; killed at that time, when the timer expires.
    Stopping {
        kill_at: Instant,
    },
    /// The process has ended. What is left of its group was sent `SIGTERM`, too, and is killed at that time.
    Ended {
        failed: bool,
        kill_at: Instant,
    },
}

/// What is to become of it when it has ended.
#[derive(Debug, PartialEq)]
enum Wish {
    /// As its configuration says.
    Usual,
    /// Started anew, with another configuration.
    Replace(Spec),
    /// Not started any more: it is not in the configuration.
    Retire,
}

impl Program {
    /// Will be started at once.
    pub(crate) fn new(name: &str, spec: &Spec) -> io::Result<Self> {
        Ok(Self {
            child: None,
            stdout: None,
            stderr: None,
            timer: Timer::once(Duration::ZERO)?,
            name: name.into(),
            spec: spec.clone(),
            phase: Phase::Idle,
            wish: Wish::Usual,
            failures: 0,
        })
    }

    fn log(&self, text: &str) {
        log(&format!("{} {text}", self.name));
    }

    /// Has it run as `spec` says, and leaves it alone if it does.
    pub(crate) fn replace(&mut self, spec: &Spec) {
        if *spec != self.spec {
            self.wish = Wish::Replace(spec.clone());
            self.stop();
        } else if self.wish != Wish::Usual {
            // On its way out, and wanted again as it was.
            self.wish = Wish::Replace(spec.clone());
        }
    }

    /// Stops it for good.
    pub(crate) fn retire(&mut self) {
        self.wish = Wish::Retire;
        self.stop();
    }

    /// Asks it to end. Whether it is started again is another question.
    pub(crate) fn stop(&mut self) {
        match self.phase {
            Phase::Idle => self.wake_in(Duration::ZERO),
            Phase::Running { .. } => {
                self.signal(libc::SIGTERM);
                self.phase = Phase::Stopping { kill_at: Instant::now() + self.spec.grace };
                self.wake_in(self.spec.grace);
            }
            Phase::Stopping { .. } | Phase::Ended { .. } => {}
        }
    }

    /// Ends it at once.
    pub(crate) fn kill(&mut self) {
        self.stop();
        self.signal(libc::SIGKILL);
        if let Phase::Ended { kill_at, .. } = &mut self.phase {
            *kill_at = Instant::now();
        }
    }

    /// To the process and all that it has started; says whether anybody is there.
    fn signal(&self, signal: i32) -> bool {
        self.child.as_ref().is_some_and(|child| child.kill_group(signal).is_ok())
    }

    fn wake_in(&self, time: Duration) {
        if let Err(error) = self.timer.set_once(time) {
            self.log(&format!("cannot be timed: {error}"));
        }
    }

    /// A shell of its own group, with nothing to read.
    fn command(&self) -> Command {
        let mut command = Command::new("sh");
        command.arg("-c").arg(&self.spec.command).process_group(0);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        if let Some(directory) = &self.spec.directory {
            command.current_dir(directory);
        }
        command
    }

    fn spawn(&mut self, key: Key, reactor: &mut Pinned<'_, impl EventpOps>) -> io::Result<()> {
        let mut child = Child::spawn(&mut self.command())?;
        let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
        self.stdout = stdout.map(|pipe| Output::new(pipe, Stream::Out, &self.name));
        self.stderr = stderr.map(|pipe| Output::new(pipe, Stream::Err, &self.name));
        self.log(&format!("has started as {}", child.id()));
        self.child = Some(child);
        self.phase = Phase::Running { since: Instant::now() };
        reactor.arm(key, self, Program::RUNNING)
    }

    /// Forwards what is left to be said, and lets go of process and pipes.
    fn close(&mut self, key: Key, reactor: &mut Pinned<'_, impl EventpOps>) {
        let _ = reactor.disarm(key, Program::RUNNING); // or none is armed any more
        self.stdout.take().into_iter().for_each(Output::finish);
        self.stderr.take().into_iter().for_each(Output::finish);
        self.child = None;
    }

    /// Twice as long each time.
    fn delay(&self) -> Duration {
        let factor = 2u32.checked_pow(self.failures).unwrap_or(u32::MAX);
        self.spec.delay.saturating_mul(factor).min(self.spec.longest_delay)
    }
}

#[handler]
impl Program {
    #[on(stdout | stderr)]
    fn speak(
        &mut self,
        key: Key,
        port: Port,
        mut reactor: Pinned<'_, impl EventpOps>,
    ) -> io::Result<()> {
        if Program::STDOUT.contains(port) {
            if !self.stdout.as_mut().is_some_and(Output::forward) {
                reactor.disarm(key, Program::STDOUT)?;
                self.stdout.take().into_iter().for_each(Output::finish);
            }
        } else if !self.stderr.as_mut().is_some_and(Output::forward) {
            reactor.disarm(key, Program::STDERR)?;
            self.stderr.take().into_iter().for_each(Output::finish);
        }
        Ok(())
    }

    #[on(child)]
    fn ended(
        &mut self,
        key: Key,
        supervisor: &mut Supervisor,
        mut reactor: Pinned<'_, impl EventpOps<State = Supervisor>>,
    ) -> io::Result<Flow> {
        self.signal(libc::SIGTERM); // to those whom it leaves behind
        let Some(child) = &mut self.child else { return Ok(Flow::Keep) };
        let failed = match child.read() {
            Ok(status) => {
                self.log(&format!("has ended: {status}"));
                !status.success()
            }
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Flow::Keep),
            Err(error) => {
                self.log(&format!("has ended somehow: {error}"));
                true
            }
        };
        reactor.disarm(key, Program::CHILD)?; // it stays readable
        let kill_at = match self.phase {
            Phase::Stopping { kill_at } => kill_at,
            _ => Instant::now() + self.spec.grace,
        };
        if matches!(self.phase, Phase::Running { since } if since.elapsed() >= self.spec.healthy) {
            self.failures = 0;
        }
        self.phase = Phase::Ended { failed, kill_at };
        self.end_when_alone(key, supervisor, &mut reactor)
    }

    #[on(timer)]
    fn expired(
        &mut self,
        key: Key,
        supervisor: &mut Supervisor,
        mut reactor: Pinned<'_, impl EventpOps<State = Supervisor>>,
    ) -> io::Result<Flow> {
        // Armed anew since it was reported, by somebody whose handler ran before in this batch.
        if self.timer.read().is_err() {
            return Ok(Flow::Keep);
        }
        match self.phase {
            Phase::Idle => self.start(key, supervisor, &mut reactor),
            Phase::Stopping { .. } => {
                self.log("does not end and is killed");
                self.signal(libc::SIGKILL);
                Ok(Flow::Keep)
            }
            Phase::Ended { .. } => self.end_when_alone(key, supervisor, &mut reactor),
            Phase::Running { .. } => Ok(Flow::Keep),
        }
    }

    /// Waits for the rest of the group, until its time is up. Before Linux 6.9 the rest cannot be asked for, and is not waited for.
    fn end_when_alone(
        &mut self,
        key: Key,
        supervisor: &mut Supervisor,
        reactor: &mut Pinned<'_, impl EventpOps<State = Supervisor>>,
    ) -> io::Result<Flow> {
        let Phase::Ended { failed, kill_at } = self.phase else { return Ok(Flow::Keep) };
        if self.signal(0) && Instant::now() < kill_at {
            self.wake_in(GLANCE);
            return Ok(Flow::Keep);
        }
        self.signal(libc::SIGKILL);
        self.close(key, reactor);
        self.start_again(key, failed, supervisor, reactor)
    }

    /// Decides what comes after an end.
    fn start_again(
        &mut self,
        key: Key,
        failed: bool,
        supervisor: &mut Supervisor,
        reactor: &mut Pinned<'_, impl EventpOps<State = Supervisor>>,
    ) -> io::Result<Flow> {
        self.phase = Phase::Idle;
        if self.wish != Wish::Usual || supervisor.is_stopping() {
            return self.start(key, supervisor, reactor);
        }
        let is_over = match self.spec.restart {
            Restart::Always => false,
            Restart::OnFailure => !failed,
            Restart::Never => true,
        };
        if is_over {
            supervisor.ended(&self.name, false, reactor);
            return Ok(Flow::Remove);
        }
        let delay = self.delay();
        self.log(&format!("is started again in {delay:?}"));
        self.failures = self.failures.saturating_add(1);
        self.wake_in(delay);
        Ok(Flow::Keep)
    }

    /// Starts it, unless somebody wishes otherwise.
    fn start(
        &mut self,
        key: Key,
        supervisor: &mut Supervisor,
        reactor: &mut Pinned<'_, impl EventpOps<State = Supervisor>>,
    ) -> io::Result<Flow> {
        if self.wish == Wish::Retire || supervisor.is_stopping() {
            supervisor.ended(&self.name, self.wish == Wish::Retire, reactor);
            return Ok(Flow::Remove);
        }
        if let Wish::Replace(spec) = std::mem::replace(&mut self.wish, Wish::Usual) {
            self.spec = spec;
            self.failures = 0;
        }
        let Err(error) = self.spawn(key, reactor) else { return Ok(Flow::Keep) };
        self.log(&format!("cannot be started: {error}"));
        self.signal(libc::SIGKILL);
        self.close(key, reactor);
        self.start_again(key, true, supervisor, reactor)
    }
}
