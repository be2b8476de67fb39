//! eventp, this repository: structs with attributes, generic over the task. As with the other peers, the handler is called with any event.

mod devices;
pub mod server;

use eventp::{Eventp, Key, Register, handler, subscriber};

use super::{Peer, Watch};
use crate::task::Task;

pub use devices::OurDevices;

#[subscriber(interest = read)]
struct Level<T: Task> {
    #[fd]
    task: T,
}

#[handler]
impl<T: Task> Level<T> {
    fn handle(&mut self, state: &mut T::State) {
        self.task.ready(state);
    }
}

#[subscriber(interest = read | edge_triggered)]
struct Edge<T: Task> {
    #[fd]
    task: T,
}

#[handler]
impl<T: Task> Edge<T> {
    fn handle(&mut self, state: &mut T::State) {
        self.task.ready(state);
    }
}

pub struct Ours<T: Task>(Eventp<T::State>);

impl<T: Task> Peer<T> for Ours<T> {
    type Key = Key;

    fn new(capacity: usize) -> Self {
        Self(Eventp::builder().capacity(capacity).build().unwrap())
    }

    #[inline]
    fn add(&mut self, task: T, watch: Watch) -> Key {
        match watch {
            Watch::Level => Level { task }.register_into(&mut self.0).unwrap().into(),
            Watch::Edge => Edge { task }.register_into(&mut self.0).unwrap().into(),
        }
    }

    #[inline]
    fn delete(&mut self, key: Key) {
        self.0.delete(key).unwrap();
    }

    #[inline(always)]
    fn turn(&mut self, state: &mut T::State) {
        self.0.run_once_with(state, None).unwrap();
    }
}
