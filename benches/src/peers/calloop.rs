//! calloop 0.14: an fd is a `Generic` source with a closure, which gets what the loop's `dispatch` was lent.

use ::calloop::generic::Generic;
use ::calloop::{EventLoop, Interest, LoopHandle, Mode, PostAction, RegistrationToken};

use super::{Peer, Watch};
use crate::device::{Counts, Devices, Kind, MOST};
use crate::sys::Fd;
use crate::task::Task;

pub struct Calloop<T: Task>(EventLoop<'static, T::State>);

impl<T: Task> Peer<T> for Calloop<T> {
    type Key = RegistrationToken;

    fn new(_capacity: usize) -> Self {
        Self(EventLoop::try_new().unwrap())
    }

    #[inline]
    fn add(&mut self, mut task: T, watch: Watch) -> RegistrationToken {
        let mode = if watch == Watch::Edge { Mode::Edge } else { Mode::Level };
        let source = Generic::new(task.fd(), Interest::READ, mode);
        let inserted = self.0.handle().insert_source(source, move |_, _, state| {
            task.ready(state);
            Ok(PostAction::Continue)
        });
        inserted.map_err(|error| error.error).unwrap()
    }

    #[inline]
    fn delete(&mut self, token: RegistrationToken) {
        self.0.handle().remove(token);
    }

    #[inline(always)]
    fn turn(&mut self, state: &mut T::State) {
        self.0.dispatch(None, state).unwrap();
    }
}

/// Devices: their closures find them in what `dispatch` was lent. The five that come into play later are disabled until then.
pub struct CalloopDevices {
    events: EventLoop<'static, Vec<Device>>,
    devices: Vec<Device>,
}

pub struct Device {
    counts: Counts,
    tokens: Vec<RegistrationToken>,
}

impl Devices for CalloopDevices {
    fn new(_capacity: usize) -> Self {
        Self { events: EventLoop::try_new().unwrap(), devices: Vec::new() }
    }

    fn add(&mut self, kind: Kind, fds: &[Fd]) {
        let (place, handle) = (self.devices.len(), self.events.handle());
        let mode = if kind == Kind::Rung { Mode::Edge } else { Mode::Level };
        let insert = |port, fd: Fd| {
            let source = Generic::new(fd, Interest::READ, mode);
            // Weak: else the loop would keep itself alive, and its fds in its epoll instance.
            let later = handle.downgrade();
            let inserted = handle.insert_source(source, move |_, _, devices: &mut Vec<Device>| {
                devices[place].counts.ready(port);
                if port == 0 && kind == Kind::Activated {
                    devices[place].activate(&later.upgrade().unwrap());
                }
                Ok(PostAction::Continue)
            });
            inserted.map_err(|error| error.error).unwrap()
        };
        let tokens: Vec<_> = fds.iter().enumerate().map(|(port, &fd)| insert(port, fd)).collect();
        if kind == Kind::Activated {
            tokens[1..].iter().for_each(|token| handle.disable(token).unwrap());
        }
        self.devices.push(Device { counts: Counts::new(), tokens });
    }

    #[inline(always)]
    fn turn(&mut self) {
        self.events.dispatch(None, &mut self.devices).unwrap();
    }

    fn deactivate(&mut self) {
        let handle = self.events.handle();
        let tokens = &self.devices[0].tokens;
        tokens[1..MOST].iter().for_each(|token| handle.disable(token).unwrap());
        handle.enable(&tokens[0]).unwrap();
    }
}

impl Device {
    fn activate(&self, handle: &LoopHandle<'static, Vec<Self>>) {
        handle.disable(&self.tokens[0]).unwrap();
        self.tokens[1..MOST].iter().for_each(|token| handle.enable(token).unwrap());
    }
}
