//! Subscribers that other threads or other owners share: `Arc<Mutex<T>>` and `Rc<RefCell<T>>` of a subscriber are subscribers.
//!
//! The cell is locked for the time of a handler call, and while fds are asked for. One that is poisoned or borrowed is an error of that
//! subscriber, never a panic of the loop; it is checked before the handler runs, so no event is half handled.
//!
//! A mutex that the reactor's own thread holds already deadlocks, as everywhere: whoever holds the guard arms by `arm(key, &*guard, ..)`, which asks the
//! guard and not the mutex.

use core::any::TypeId;
use core::cell::RefCell;
use std::io;
use std::rc::Rc;
use std::sync::{Arc, Mutex};

use crate::flow::Flow;
use crate::ops::EventpOps;
use crate::ports::{Each, Field, PortCall, Ports};
use crate::reactor::Eventp;
use crate::subscriber::{Dispatch, Handler, Subscriber};

#[cold]
fn poisoned() -> io::Error {
    io::Error::other("its mutex is poisoned: a thread panicked while it held the lock")
}

#[cold]
fn borrowed() -> io::Error {
    let reason = "its `RefCell` is borrowed; end the borrow before the reactor runs";
    io::Error::new(io::ErrorKind::ResourceBusy, reason)
}

#[diagnostic::do_not_recommend]
impl<T: Ports> Ports for Arc<Mutex<T>> {
    const ONE: bool = T::ONE;
    const FIELDS: &'static [Field] = T::FIELDS;
    type Struct = T::Struct;

    fn struct_id() -> TypeId
    where
        Self: 'static,
    {
        T::struct_id()
    }

    fn ports(&self, field: usize, each: Each<'_>) -> io::Result<()> {
        self.lock().map_err(|_| poisoned())?.ports(field, each)
    }

    fn call<W, S>(field: usize) -> Option<PortCall<W, S>>
    where
        W: Subscriber<Eventp<S>>,
    {
        T::call(field)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Handler<Ep>, Ep: EventpOps> Handler<Ep> for Arc<Mutex<T>> {
    #[inline(always)] // once per field: what follows is folded for it
    fn handle(dispatch: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        let Dispatch { fd: cell, event, interest, key, port, state, reactor } = dispatch;
        let Ok(mut guard) = cell.lock() else { return Err(poisoned()) };
        let fd = &mut *guard;
        T::handle(Dispatch { fd, event, interest, key, port, state, reactor })
    }
}

#[diagnostic::do_not_recommend]
impl<T: Ports> Ports for Rc<RefCell<T>> {
    const ONE: bool = T::ONE;
    const FIELDS: &'static [Field] = T::FIELDS;
    type Struct = T::Struct;

    fn struct_id() -> TypeId
    where
        Self: 'static,
    {
        T::struct_id()
    }

    fn ports(&self, field: usize, each: Each<'_>) -> io::Result<()> {
        self.try_borrow().map_err(|_| borrowed())?.ports(field, each)
    }

    fn call<W, S>(field: usize) -> Option<PortCall<W, S>>
    where
        W: Subscriber<Eventp<S>>,
    {
        T::call(field)
    }
}

#[diagnostic::do_not_recommend]
impl<T: Handler<Ep>, Ep: EventpOps> Handler<Ep> for Rc<RefCell<T>> {
    #[inline(always)] // once per field: what follows is folded for it
    fn handle(dispatch: Dispatch<'_, Self, Ep>) -> io::Result<Flow> {
        let Dispatch { fd: cell, event, interest, key, port, state, reactor } = dispatch;
        let Ok(mut guard) = cell.try_borrow_mut() else { return Err(borrowed()) };
        let fd = &mut *guard;
        T::handle(Dispatch { fd, event, interest, key, port, state, reactor })
    }
}
