//! The feature `vmm-sys-util`: that crate's fds are fds here too, as fields with `#[fd]` and in `with_fd`.
//!
//! They have no `AsFd`, and may get it some day, so they cannot be told apart from types that have it by a bound. They are of kinds of their own instead: the
//! kind is a parameter of [`IsFd`] and [`Fds`], and inferred.

use std::os::fd::{AsRawFd, BorrowedFd, RawFd};

use vmm_sys_util::event::{EventConsumer, EventNotifier};
use vmm_sys_util::eventfd::EventFd;
use vmm_sys_util::timerfd::TimerFd;

use crate::__private::IsFd;
use crate::ports::{Array, Fds, Many, Maybe, One, ports_of_array};

/// The kinds of these types.
#[derive(Debug)]
pub struct Vmm<Kind>(Kind);

/// What owns the fd whose number it gives, for as long as it lives. Only for types that are known to do so.
pub trait OwnsFd: AsRawFd {}

impl OwnsFd for EventFd {}
impl OwnsFd for TimerFd {}
impl OwnsFd for EventConsumer {}
impl OwnsFd for EventNotifier {}

#[diagnostic::do_not_recommend]
impl<T: OwnsFd> IsFd<Vmm<One>> for T {
    #[inline]
    fn borrow_fd(&self) -> BorrowedFd<'_> {
        // SAFETY: it owns the fd, which is therefore open as long as it is borrowed: none of these types closes it before it is dropped, or
        // has a method that gives it away by `&self`.
        unsafe { BorrowedFd::borrow_raw(self.as_raw_fd()) }
    }
}

#[diagnostic::do_not_recommend]
impl<T: OwnsFd> Fds<Vmm<One>> for T {
    const PORTS: u16 = 1;
    #[inline]
    fn each(&self, each: &mut dyn FnMut(RawFd)) {
        each(self.as_raw_fd());
    }
}

#[diagnostic::do_not_recommend]
impl<T: OwnsFd> Fds<Vmm<Maybe>> for Option<T> {
    const PORTS: u16 = 1;
    fn each(&self, each: &mut dyn FnMut(RawFd)) {
        self.iter().map(T::as_raw_fd).for_each(each);
    }
}

#[diagnostic::do_not_recommend]
impl<T: OwnsFd, const N: usize> Fds<Vmm<Array>> for [T; N] {
    const PORTS: u16 = ports_of_array(N);
    fn each(&self, each: &mut dyn FnMut(RawFd)) {
        self.iter().map(T::as_raw_fd).for_each(each);
    }
}

#[diagnostic::do_not_recommend]
impl<T: OwnsFd> Fds<Vmm<Many>> for Vec<T> {
    const PORTS: u16 = 0;
    fn each(&self, each: &mut dyn FnMut(RawFd)) {
        self.iter().map(T::as_raw_fd).for_each(each);
    }
}
