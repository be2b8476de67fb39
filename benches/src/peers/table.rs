//! What mio and polling have in common: an event is a number, and the program has a table of what it stands for.
//!
//! A `Vec` by number with a list of free places, as `slab` has it, is the fastest table; an `FxHashMap` is what one writes where numbers are not
//! dense. Entries are boxed trait objects, since what a program watches is of several types; with one type only, the compiler would put
//! the one handler into the loop, which no peer with callbacks can do.

use rustc_hash::FxHashMap;

use crate::device::{Counts, Kind, MOST};
use crate::sys::Fd;

/// What numbers stand for.
pub trait Table<T>: Default + 'static {
    fn insert(&mut self, value: T) -> usize;
    fn get_mut(&mut self, number: usize) -> Option<&mut T>;
    fn remove(&mut self, number: usize) -> Option<T>;
}

/// By index.
pub struct ByIndex<T> {
    places: Vec<Option<T>>,
    free: Vec<usize>,
}

impl<T> Default for ByIndex<T> {
    fn default() -> Self {
        Self { places: Vec::new(), free: Vec::new() }
    }
}

impl<T: 'static> Table<T> for ByIndex<T> {
    #[inline]
    fn insert(&mut self, value: T) -> usize {
        match self.free.pop() {
            Some(number) => {
                self.places[number] = Some(value);
                number
            }
            None => {
                self.places.push(Some(value));
                self.places.len() - 1
            }
        }
    }

    #[inline]
    fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.places.get_mut(number)?.as_mut()
    }

    #[inline]
    fn remove(&mut self, number: usize) -> Option<T> {
        let value = self.places.get_mut(number)?.take()?;
        self.free.push(number);
        Some(value)
    }
}

/// By hash.
pub struct ByHash<T> {
    values: FxHashMap<usize, T>,
    next: usize,
}

impl<T> Default for ByHash<T> {
    fn default() -> Self {
        Self { values: FxHashMap::default(), next: 0 }
    }
}

impl<T: 'static> Table<T> for ByHash<T> {
    #[inline]
    fn insert(&mut self, value: T) -> usize {
        let number = self.next;
        self.next += 1;
        self.values.insert(number, value);
        number
    }

    #[inline]
    fn get_mut(&mut self, number: usize) -> Option<&mut T> {
        self.values.get_mut(&number)
    }

    #[inline]
    fn remove(&mut self, number: usize) -> Option<T> {
        self.values.remove(&number)
    }
}

/// What watches fds by number.
pub trait Watcher: 'static {
    fn watch(&self, fd: Fd, number: usize, edge_triggered: bool);
    fn unwatch(&self, fd: Fd);
}

/// An entry of a table of devices. The number of an event is the place in the table and, in the lowest three bits, that of the fd.
pub type Entry<W> = Box<dyn Device<W>>;

/// A device in a table.
pub trait Device<W> {
    fn ready(&mut self, watcher: &W, place: usize, port: usize);
    fn deactivate(&mut self, watcher: &W, place: usize);
}

/// Adds a device to a table and watches its fds.
pub fn add_device<W: Watcher>(
    table: &mut impl Table<Entry<W>>,
    watcher: &W,
    kind: Kind,
    fds: &[Fd],
) {
    let device = Plain { fds: fds.to_vec(), counts: Counts::new() };
    let watched = if kind == Kind::Activated { &fds[..1] } else { fds };
    let entry: Entry<W> = match kind {
        Kind::Activated => Box::new(Activated(device)),
        Kind::Ready | Kind::Rung => Box::new(device),
    };
    let place = table.insert(entry);
    for (port, fd) in watched.iter().enumerate() {
        watcher.watch(fd, place << 3 | port, kind == Kind::Rung);
    }
}

struct Plain {
    fds: Vec<Fd>,
    counts: Counts,
}

impl<W: Watcher> Device<W> for Plain {
    #[inline]
    fn ready(&mut self, _watcher: &W, _place: usize, port: usize) {
        self.counts.ready(port);
    }

    fn deactivate(&mut self, _watcher: &W, _place: usize) {}
}

struct Activated(Plain);

impl<W: Watcher> Device<W> for Activated {
    fn ready(&mut self, watcher: &W, place: usize, port: usize) {
        self.0.counts.ready(port);
        if port == 0 {
            watcher.unwatch(self.0.fds[0]);
            for port in 1..MOST {
                watcher.watch(self.0.fds[port], place << 3 | port, false);
            }
        }
    }

    fn deactivate(&mut self, watcher: &W, place: usize) {
        self.0.fds[1..].iter().for_each(|fd| watcher.unwatch(fd));
        watcher.watch(self.0.fds[0], place << 3, false);
    }
}
