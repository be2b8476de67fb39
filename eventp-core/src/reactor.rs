//! stub, being written
use std::io;
use std::time::Duration;
use crate::builder::*;
use crate::flow::*;
use crate::interest::*;
use crate::key::*;
use crate::ops::*;
use crate::subscriber::*;

/// stub
#[derive(Debug)]
pub struct Eventp<S = ()>(core::marker::PhantomData<*mut S>);

#[allow(missing_docs, clippy::missing_errors_doc)]
impl<S> Eventp<S> {
    pub fn new() -> io::Result<Self> { todo!() }
    pub fn on_error<F: FnMut(io::Error, &mut S) + 'static>(&mut self, _f: F) { todo!() }
    pub fn add<T: Subscriber<Self>>(&mut self, _s: T) -> io::Result<Handle<T>> { todo!() }
    pub fn on<Fd, F, R>(&mut self, source: FdSource<Fd>, handler: F) -> io::Result<Key>
    where
        F: FnMut(Dispatch<'_, Fd, Self>) -> R,
        R: IntoFlow,
        FdSubscriber<Fd, F>: Subscriber<Self>,
    {
        self.add(source.with_handler(handler)).map(Key::from)
    }
    pub fn is_empty(&self) -> bool { todo!() }
    pub fn modify(&mut self, _key: impl Into<Key>, _interest: Interest) -> io::Result<()> { todo!() }
    pub fn delete(&mut self, _key: impl Into<Key>) -> io::Result<()> { todo!() }
    pub fn get<T: 'static>(&self, _handle: Handle<T>) -> io::Result<&T> { todo!() }
    pub fn get_mut<T: 'static>(&mut self, _handle: Handle<T>) -> io::Result<&mut T> { todo!() }
    pub fn run_with(&mut self, _state: &mut S) -> io::Result<()> { todo!() }
    pub fn run_once_with(&mut self, _state: &mut S, _timeout: Option<Duration>) -> io::Result<usize> { todo!() }
}
#[allow(missing_docs, clippy::missing_errors_doc)]
impl Eventp {
    pub fn run(&mut self) -> io::Result<()> { todo!() }
    pub fn run_once(&mut self, _timeout: Option<Duration>) -> io::Result<usize> { todo!() }
}
impl<S> AsPinned for Eventp<S> {
    type Ops = Self;
    fn as_pinned(&mut self) -> Pinned<'_, Self> { Pinned::new(self) }
}
impl<S> sealed::Sealed for Eventp<S> {}
impl<S> EventpOps for Eventp<S> {
    type State = S;
    fn op_add<T: Subscriber<Self>>(&mut self, _s: T) -> io::Result<Handle<T>> { todo!() }
    fn op_modify(&mut self, _by: Running, _key: Key, _interest: Interest) -> io::Result<()> { todo!() }
    fn op_delete(&mut self, _by: Running, _key: Key) -> io::Result<()> { todo!() }
    fn op_stop(&mut self) { todo!() }
    fn op_interest(&self, _key: Key) -> io::Result<Interest> { todo!() }
    fn op_contains(&self, _key: Key) -> bool { todo!() }
    fn op_get_mut<T: 'static>(&mut self, _by: Running, _h: Handle<T>) -> io::Result<&mut T> { todo!() }
}
