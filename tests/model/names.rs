//! What the program knows of its subscribers: their handles, whatever their types, and the shares that it keeps of shared ones.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use eventp::{Handle, Key, PortKey, PortSet};

use super::subscribers::{Body, One, Several};
use super::{catch, panic_by_order};

/// What all of them are to the program.
pub trait Peek: 'static {
    /// The kind of error where the cell that it is in is broken.
    const BROKEN: ErrorKind = ErrorKind::Other;
    /// Lends the body, unless the cell that it is in is broken.
    fn peek<R>(&self, with: impl FnOnce(&Body) -> R) -> Option<R>;
}

impl Peek for One {
    fn peek<R>(&self, with: impl FnOnce(&Body) -> R) -> Option<R> {
        Some(with(&self.0))
    }
}

impl Peek for Several {
    fn peek<R>(&self, with: impl FnOnce(&Body) -> R) -> Option<R> {
        Some(with(&self.0))
    }
}

impl<T: Peek> Peek for Rc<RefCell<T>> {
    const BROKEN: ErrorKind = ErrorKind::ResourceBusy;
    fn peek<R>(&self, with: impl FnOnce(&Body) -> R) -> Option<R> {
        self.try_borrow().ok()?.peek(with)
    }
}

impl<T: Peek> Peek for Arc<Mutex<T>> {
    fn peek<R>(&self, with: impl FnOnce(&Body) -> R) -> Option<R> {
        self.try_lock().ok()?.peek(with)
    }
}

/// The handle of a subscriber, whatever its type.
#[derive(Clone, Copy, Debug)]
pub enum Name {
    One(Handle<One>),
    Several(Handle<Several>),
    CellOne(Handle<Rc<RefCell<One>>>),
    CellSeveral(Handle<Rc<RefCell<Several>>>),
    MutexOne(Handle<Arc<Mutex<One>>>),
    MutexSeveral(Handle<Arc<Mutex<Several>>>),
    Notified(Key),
}

/// `$body` with the handle, for those that have one.
macro_rules! with_handle {
    ($name:expr, $handle:ident => $body:expr, $key:ident => $other:expr) => {
        match $name {
            Name::One($handle) => $body,
            Name::Several($handle) => $body,
            Name::CellOne($handle) => $body,
            Name::CellSeveral($handle) => $body,
            Name::MutexOne($handle) => $body,
            Name::MutexSeveral($handle) => $body,
            Name::Notified($key) => $other,
        }
    };
}
pub(super) use with_handle;

impl Name {
    pub fn key(self) -> Key {
        with_handle!(self, handle => handle.key(), key => key)
    }

    pub fn has_several(self) -> bool {
        matches!(self, Self::Several(_) | Self::CellSeveral(_) | Self::MutexSeveral(_))
    }

    pub fn is_mutex(self) -> bool {
        matches!(self, Self::MutexOne(_) | Self::MutexSeveral(_))
    }

    /// These ports of it; the only one, where it has no several.
    pub fn ports(self, fields: u64, index: Option<u16>) -> PortKey {
        if !self.has_several() {
            return self.key().into();
        }
        let ports = self.key().port(PortSet::<Several>::of_fields(fields));
        index.map_or(ports, |index| ports.at(index.into()))
    }
}

/// What the program keeps of a shared subscriber.
#[derive(Debug)]
pub enum Share {
    CellOne(Rc<RefCell<One>>),
    CellSeveral(Rc<RefCell<Several>>),
    MutexOne(Arc<Mutex<One>>),
    MutexSeveral(Arc<Mutex<Several>>),
}

impl Share {
    /// Poisons it, or borrows it for ever, unless its handler has it.
    pub fn spoil(&self) -> bool {
        fn borrow<T>(cell: &RefCell<T>) -> bool {
            cell.try_borrow_mut().map(std::mem::forget).is_ok()
        }
        fn poison<T>(mutex: &Mutex<T>) -> bool {
            let Ok(guard) = mutex.try_lock() else { return false };
            catch(|| {
                let _guard = guard;
                panic_by_order()
            });
            true
        }
        match self {
            Self::CellOne(cell) => borrow(cell),
            Self::CellSeveral(cell) => borrow(cell),
            Self::MutexOne(mutex) => poison(mutex),
            Self::MutexSeveral(mutex) => poison(mutex),
        }
    }
}
