//! The subscribers of the programs, and the state: all that handlers and the driver share.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::os::unix::net::UnixStream;
use std::panic::resume_unwind;
use std::rc::Rc;

use eventp::{Event, EventpOps, Flow, Handle, Interest, Key, Pinned, Port, handler, subscriber};

use crate::common::{drain, pair};
use crate::program::{Answer, Step, act, outcome};

/// A panic that the program asked for.
pub(crate) struct Asked;

/// Everything that is to be the same in both reactors, line by line.
#[derive(Clone, Default)]
pub(crate) struct Lines(Rc<RefCell<Vec<String>>>);

impl Lines {
    pub(crate) fn say(&self, line: String) {
        self.0.borrow_mut().push(line);
    }

    pub(crate) fn take(&self) -> Vec<String> {
        self.0.take()
    }
}

/// A subscriber that was added, by its number in the program.
#[derive(Clone, Copy)]
pub(crate) enum Added {
    Single(Handle<Single>),
    Multi(Handle<Multi>),
}

impl Added {
    pub(crate) fn key(self) -> Key {
        match self {
            Self::Single(handle) => handle.key(),
            Self::Multi(handle) => handle.key(),
        }
    }
}

/// The state.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) steps: VecDeque<Step>,
    pub(crate) lines: Lines,
    pub(crate) added: Vec<Added>,
    /// What subscribers watch, and the other ends.
    pub(crate) streams: Vec<(Rc<UnixStream>, UnixStream)>,
}

impl World {
    pub(crate) fn say(&self, line: String) {
        self.lines.say(line);
    }

    pub(crate) fn stream(&mut self) -> Rc<UnixStream> {
        let (ours, theirs) = pair();
        let ours = Rc::new(ours);
        self.streams.push((Rc::clone(&ours), theirs));
        ours
    }

    pub(crate) fn witness(&self) -> Witness {
        Witness { number: self.added.len(), lines: self.lines.clone() }
    }

    /// The next step, if it is one that a handler takes.
    fn next_step(&mut self) -> Option<Step> {
        match self.steps.front()? {
            Step::Take(_) | Step::Turn | Step::Fire(_) => None,
            _ => self.steps.pop_front(),
        }
    }

    /// The number of the subscriber with this key.
    pub(crate) fn number(&self, key: Key) -> Option<usize> {
        self.added.iter().position(|it| it.key() == key)
    }
}

/// Says when its subscriber is dropped.
pub(crate) struct Witness {
    pub(crate) number: usize,
    lines: Lines,
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.lines.say(format!("dropped {}", self.number));
    }
}

#[subscriber(interest = read)]
pub(crate) struct Single {
    #[fd]
    pub(crate) stream: Rc<UnixStream>,
    pub(crate) witness: Witness,
}

#[handler]
impl Single {
    fn handle(
        &mut self,
        event: Event,
        interest: Interest,
        port: Port,
        world: &mut World,
        mut reactor: Pinned<'_, impl EventpOps<State = World>>,
    ) -> io::Result<Flow> {
        drain(&self.stream);
        called(&self.witness, event, interest, port, world);
        while let Some(step) = world.next_step() {
            match step {
                Step::Answer(answer) => return answer.give(),
                Step::ArmSelf(_) => {}
                step => act(&step, world, &mut reactor),
            }
        }
        Ok(Flow::Keep)
    }
}

#[subscriber]
pub(crate) struct Multi {
    #[fd(interest = read)]
    pub(crate) control: Rc<UnixStream>,
    #[fd(interest = read | oneshot, group = active)]
    pub(crate) queues: Vec<Rc<UnixStream>>,
    #[fd(interest = read | exclusive, group = active)]
    pub(crate) tap: Option<Rc<UnixStream>>,
    pub(crate) witness: Witness,
}

#[handler]
impl Multi {
    #[on(control | queues | tap)]
    fn any(
        &mut self,
        event: Event,
        interest: Interest,
        port: Port,
        key: Key,
        world: &mut World,
        mut reactor: Pinned<'_, impl EventpOps<State = World>>,
    ) -> io::Result<Flow> {
        let streams = [&self.control].into_iter().chain(&self.queues).chain(&self.tap);
        streams.for_each(|stream| _ = drain(stream));
        called(&self.witness, event, interest, port, world);
        while let Some(step) = world.next_step() {
            match step {
                Step::Answer(answer) => return answer.give(),
                Step::ArmSelf(fields) => {
                    let armed = reactor.arm(key, self, fields.of_multi());
                    world.say(format!("arm: {}", outcome(armed)));
                }
                step => act(&step, world, &mut reactor),
            }
        }
        Ok(Flow::Keep)
    }
}

fn called(witness: &Witness, event: Event, interest: Interest, port: Port, world: &World) {
    world.say(format!("{} called on {port:?}: {event:?} of {interest:?}", witness.number));
}

impl Answer {
    fn give(self) -> io::Result<Flow> {
        match self {
            Self::Keep => Ok(Flow::Keep),
            Self::Remove => Ok(Flow::Remove),
            Self::Stop => Ok(Flow::Stop),
            Self::Fail => Err(io::Error::other("it was told to")),
            Self::Panic => resume_unwind(Box::new(Asked)),
        }
    }
}
