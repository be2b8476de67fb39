//! The two reactors, as the driver sees them.

use std::io::{self, Write};
use std::os::fd::AsRawFd;

use eventp::Eventp;
use eventp::{
    AsPinned, Error, EventpOps, Handle, Key, MockEventp, PortEntry, PortKey, PortSet, event,
};

use crate::common::NOW;
use crate::program::outcome;
use crate::subscribers::{Multi, World};

pub(crate) trait Reactor: EventpOps<State = World> + AsPinned<Ops = Self> {
    fn make() -> Self;
    /// Has errors told to a hook.
    fn hook(&mut self);
    /// A turn without anything new.
    fn turn(&mut self, world: &mut World) -> io::Result<usize>;
    /// A turn in which these streams are readable.
    fn fire(&mut self, world: &mut World, streams: &[usize]) -> io::Result<usize>;
    fn take<T: 'static>(&mut self, handle: Handle<T>) -> io::Result<T>;
    fn is_asked_to_stop(&self) -> bool;
    /// What is registered.
    fn listing(&self, world: &World) -> Vec<String>;
}

fn tell(error: Error, world: &mut World) {
    world.say(format!("hook: {}", outcome(Err(error.into()))));
}

/// A subscriber, with the numbers of the program instead of keys and fds.
fn line(
    key: Key,
    type_name: &str,
    ports: impl Iterator<Item = PortEntry>,
    world: &World,
) -> String {
    let mut watched: Vec<String> = ports
        .map(|it| {
            let stream = world.streams.iter().position(|(ours, _)| ours.as_raw_fd() == it.fd());
            format!("{} {:?} {stream:?} {:?}", it.field(), it.port(), it.interest())
        })
        .collect();
    watched.sort_unstable();
    format!("{:?} {type_name} {watched:?}", world.number(key))
}

fn sorted(mut lines: Vec<String>) -> Vec<String> {
    lines.sort_unstable();
    lines
}

impl Reactor for Eventp<World> {
    fn make() -> Self {
        Self::new().unwrap()
    }

    fn hook(&mut self) {
        self.on_error(tell);
    }

    fn turn(&mut self, world: &mut World) -> io::Result<usize> {
        self.run_once_with(world, NOW)
    }

    fn fire(&mut self, world: &mut World, streams: &[usize]) -> io::Result<usize> {
        for &stream in streams {
            (&world.streams[stream].1).write_all(b"x").unwrap();
        }
        self.run_once_with(world, NOW)
    }

    fn take<T: 'static>(&mut self, handle: Handle<T>) -> io::Result<T> {
        self.take(handle)
    }

    fn is_asked_to_stop(&self) -> bool {
        self.is_stopping()
    }

    fn listing(&self, world: &World) -> Vec<String> {
        assert_eq!(self.len(), self.iter().count());
        sorted(self.iter().map(|it| line(it.key(), it.type_name(), it.ports(), world)).collect())
    }
}

impl Reactor for MockEventp<World> {
    fn make() -> Self {
        Self::new()
    }

    fn hook(&mut self) {
        self.on_error(tell);
    }

    fn turn(&mut self, world: &mut World) -> io::Result<usize> {
        self.turn_with(world)
    }

    fn fire(&mut self, world: &mut World, streams: &[usize]) -> io::Result<usize> {
        let mut batch = Vec::new();
        for &stream in streams {
            let number = world.streams[stream].0.as_raw_fd();
            for entry in self.iter() {
                let watching = entry.ports().filter(|port| port.fd() == number);
                batch.extend(
                    watching.map(|port| (port_key(entry.key(), &port), event().readable())),
                );
            }
        }
        self.fire_batch_with(world, batch)
    }

    fn take<T: 'static>(&mut self, handle: Handle<T>) -> io::Result<T> {
        self.take(handle)
    }

    fn is_asked_to_stop(&self) -> bool {
        self.is_stopping()
    }

    fn listing(&self, world: &World) -> Vec<String> {
        assert_eq!(self.len(), self.iter().count());
        sorted(self.iter().map(|it| line(it.key(), it.type_name(), it.ports(), world)).collect())
    }
}

fn port_key(key: Key, port: &PortEntry) -> PortKey {
    let field: PortSet<Multi> = match port.field() {
        "control" => Multi::CONTROL,
        "queues" => Multi::QUEUES,
        "tap" => Multi::TAP,
        _ => return key.into(),
    };
    key.port(field).at(port.port().index())
}
