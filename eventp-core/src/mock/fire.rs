//! From a made-up event to handler calls: the loop of the test reactor.
//!
//! In come events and a state, out go handler calls with the consequences that they have in the real reactor. A batch is a queue in the reactor, from which
//! each event is taken before its handler runs: a panic loses no other, and the next call goes on with them.

use core::any::Any;
use std::io;

use super::MockEventp;
use super::registered::{Type, Watched};
use crate::error::Error;
use crate::event::Event;
use crate::flow::Flow;
use crate::interest::Interest;
use crate::key::{Key, Port};
use crate::ops::sealed::Stateless;
use crate::ops::{Pinned, Running};
use crate::ports::PortKey;

/// What a port of the open batch is to be told.
#[derive(Clone, Copy, Debug)]
pub(super) struct Report {
    key: Key,
    pub(super) arming: u64,
    event: Event,
}

/// A port that is to be called in the next turn.
#[derive(Clone, Copy, Debug)]
pub(super) struct Triggered {
    pub(super) key: Key,
    pub(super) port: Port,
    pub(super) event: Event,
}

/// A handler call, less what is borrowed.
#[derive(Clone, Copy, Debug)]
pub(super) struct Delivery {
    pub(super) event: Event,
    pub(super) interest: Interest,
    pub(super) key: Key,
    pub(super) port: Port,
}

impl<S> MockEventp<S> {
    /// Has `event` reported of a port, as if the kernel had, and says how many handlers were called.
    ///
    /// Of a subscriber with several fds, [`Key::port`] says which; it is reported of each that is armed. The kernel reports what was asked for, errors and
    /// hang-ups, and so does this: with nothing of that in `event`, no handler is called, and neither is that of a one-shot port that has fired.
    ///
    /// What the handler answers has the same consequences as in the real reactor. If a panic has interrupted the last call, what was left of its
    /// events comes first, and counts.
    ///
    /// ```
    /// # use std::io;
    /// # use eventp_core::{event, interest, Event, Flow, MockEventp};
    /// # fn main() -> io::Result<()> {
    /// # let (stream, _peer) = std::os::unix::net::UnixStream::pair()?;
    /// let mut seen = Vec::new();
    /// let mut reactor = MockEventp::<Vec<Event>>::new();
    /// let key = reactor.on(interest().read().with_fd(stream), |d| {
    ///     d.state.push(d.event);
    ///     Flow::Remove
    /// })?;
    /// assert_eq!(reactor.fire_with(&mut seen, key, event().writable())?, 0);
    /// assert_eq!(reactor.fire_with(&mut seen, key, event().readable().writable())?, 1);
    /// assert_eq!(seen, [event().readable()]);
    /// assert!(!reactor.contains(key));
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// - `NotFound`: the key is stale or unknown, or none of the ports is armed.
    /// - `InvalidInput`: the subscriber's ports are named by its fields, and the key does not say which.
    /// - Without an [error hook](MockEventp::on_error), the error of the handler: an [`Error`] whose operation is `handle`.
    ///
    /// # Panics
    ///
    /// Panics of handlers and destructors go through to the caller.
    pub fn fire_with(
        &mut self,
        state: &mut S,
        ports: impl Into<PortKey>,
        event: Event,
    ) -> io::Result<usize> {
        self.fire_batch_with(state, [(ports, event)])
    }

    /// Has several events reported in one batch, as one `epoll_wait` may return them.
    ///
    /// All are looked up first. So a handler that deletes another subscriber, or disarms a port, silences its event, and one that modifies an interest
    /// does not. All are delivered, whatever handlers answer.
    ///
    /// # Errors
    ///
    /// Those of [`fire_with`](MockEventp::fire_with). If a key is stale or unknown, no handler is called; of several errors of handlers, the next call returns
    /// the next.
    ///
    /// # Panics
    ///
    /// As [`fire_with`](MockEventp::fire_with).
    pub fn fire_batch_with<P: Into<PortKey>>(
        &mut self,
        state: &mut S,
        events: impl IntoIterator<Item = (P, Event)>,
    ) -> io::Result<usize> {
        let before = self.finish(state);
        let mut reports = Vec::new();
        for (ports, event) in events {
            self.report(ports.into(), event, &mut reports)?;
        }
        let handled = before + self.deliver_batch(reports, state);
        self.tell().map(|()| handled)
    }

    /// Has events reported one after the other, each in a batch of its own: drives subscribers through a script.
    ///
    /// # Errors
    ///
    /// Those of [`fire_with`](MockEventp::fire_with), at the first event that fails; those that follow are not reported.
    ///
    /// # Panics
    ///
    /// As [`fire_with`](MockEventp::fire_with).
    pub fn fire_all_with<P: Into<PortKey>>(
        &mut self,
        state: &mut S,
        script: impl IntoIterator<Item = (P, Event)>,
    ) -> io::Result<usize> {
        let mut handled = 0;
        for (ports, event) in script {
            handled += self.fire_with(state, ports, event)?;
        }
        Ok(handled)
    }

    /// Makes a turn in which no fd is ready: calls the handlers that were [triggered](MockEventp::trigger) before it, and says how many.
    ///
    /// ```
    /// # use eventp_core::{event, interest, MockEventp};
    /// # fn main() -> std::io::Result<()> {
    /// # let (stream, _peer) = std::os::unix::net::UnixStream::pair()?;
    /// let mut reactor = MockEventp::<()>::new();
    /// let key = reactor.on(interest().read().with_fd(stream), |d| assert!(d.event.is_hangup()))?;
    /// reactor.trigger(key, event().hangup())?;
    /// assert_eq!(reactor.turn()?, 1);
    /// assert_eq!(reactor.turn()?, 0);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// Without an [error hook](MockEventp::on_error), the error of a handler. One that an earlier call has left comes first; then nobody is called yet.
    ///
    /// # Panics
    ///
    /// As [`fire_with`](MockEventp::fire_with).
    pub fn turn_with(&mut self, state: &mut S) -> io::Result<usize> {
        let before = self.finish(state);
        self.tell()?;
        let mut reports = Vec::new();
        for Triggered { key, port, event } in core::mem::take(&mut self.triggered) {
            let ports = self.subscribers.get(&key).map_or(&[][..], |registered| &registered.ports);
            let armed = ports.iter().find(|it| it.port == port && !it.fired);
            reports.extend(armed.map(|it| Report { key, arming: it.arming, event }));
        }
        let handled = before + self.deliver_batch(reports, state);
        self.tell().map(|()| handled)
    }

    /// What the kernel would report of these ports.
    fn report(&self, ports: PortKey, event: Event, reports: &mut Vec<Report>) -> Result<(), Error> {
        let key = ports.key;
        let registered = self.find("fire", key)?;
        for place in registered.select("fire", ports)? {
            let Watched { arming, interest, fired, .. } = registered.ports[place];
            let asked = interest.bits() | Event::ERROR | Event::HANGUP;
            let event = Event::new(event.bits() & asked);
            if !fired && event.bits() != 0 {
                reports.push(Report { key, arming, event });
            }
        }
        Ok(())
    }

    /// Makes up for what a panic has left undone.
    fn finish(&mut self, state: &mut S) -> usize {
        drop(self.doomed.take());
        self.tell_hook(state);
        self.deliver(state)
    }

    fn deliver_batch(&mut self, reports: Vec<Report>, state: &mut S) -> usize {
        self.serial = self.serial.wrapping_add(1);
        self.batch.extend(reports);
        self.deliver(state)
    }

    fn deliver(&mut self, state: &mut S) -> usize {
        let mut handled = 0;
        while let Some(report) = self.batch.pop_front() {
            if let Some((kind, port)) = self.find_reported(&report) {
                self.call(&report, kind, port, state);
                self.tell_hook(state);
                handled += 1;
            }
        }
        handled
    }

    /// The port that is meant, if it is still armed; notes that it has fired if it is one-shot.
    fn find_reported(&mut self, report: &Report) -> Option<(Type<S>, Watched)> {
        let serial = self.serial;
        let registered = self.subscribers.get_mut(&report.key)?;
        let port = registered.ports.iter_mut().find(|port| port.arming == report.arming)?;
        if port.interest.is_oneshot() {
            if port.fired {
                return None;
            }
            // A report of the batch in which the port was re-armed is older than that.
            port.fired = port.changed != serial;
        }
        Some((registered.kind, *port))
    }

    /// Calls a handler, and carries out what it answers.
    fn call(&mut self, report: &Report, kind: Type<S>, port: Watched, state: &mut S) {
        let &Report { key, event, .. } = report;
        let delivery = Delivery { event, interest: port.interest, key, port: port.port };
        let value = self.subscribers.get_mut(&key).and_then(|registered| registered.value.take());
        let mut lent = Lent { reactor: self, key, value };
        let outcome = lent.call(kind, delivery, state);
        drop(lent);
        match outcome {
            Ok(Flow::Keep) => {}
            Ok(Flow::Stop) => self.is_stopping = true,
            Ok(Flow::Remove) => self.remove(key),
            Err(error) => {
                // First: it is not lost if the destructor panics.
                let place = (port.port, port.fd);
                self.errors.push_back(kind.error_at("handle", Some(key), place, error));
                self.remove(key);
            }
        }
        drop(self.doomed.take());
    }

    /// The handler has answered so, or has deleted its subscriber already.
    fn remove(&mut self, key: Key) {
        drop(self.subscribers.remove(&key));
    }

    /// Tells the hook of all errors, if there is one.
    fn tell_hook(&mut self, state: &mut S) {
        let Some(hook) = &mut self.hook else { return };
        while let Some(error) = self.errors.pop_front() {
            hook(error, state);
        }
    }

    /// Without a hook, returns the first error and keeps the others.
    fn tell(&mut self) -> io::Result<()> {
        self.errors.pop_front().map_or(Ok(()), |error| Err(error.into()))
    }
}

/// Without a state: of a `MockEventp<()>`, which alone is `Stateless`.
impl<S> MockEventp<S> {
    /// [`fire_with`](MockEventp::fire_with) without a state.
    ///
    /// # Errors
    ///
    /// As [`fire_with`](MockEventp::fire_with).
    pub fn fire(&mut self, ports: impl Into<PortKey>, event: Event) -> io::Result<usize>
    where
        Self: Stateless<State = S>,
    {
        self.fire_with(Self::nothing(), ports, event)
    }

    /// [`fire_batch_with`](MockEventp::fire_batch_with) without a state.
    ///
    /// # Errors
    ///
    /// As [`fire_batch_with`](MockEventp::fire_batch_with).
    pub fn fire_batch<P: Into<PortKey>>(
        &mut self,
        events: impl IntoIterator<Item = (P, Event)>,
    ) -> io::Result<usize>
    where
        Self: Stateless<State = S>,
    {
        self.fire_batch_with(Self::nothing(), events)
    }

    /// [`fire_all_with`](MockEventp::fire_all_with) without a state.
    ///
    /// # Errors
    ///
    /// As [`fire_with`](MockEventp::fire_with).
    pub fn fire_all<P: Into<PortKey>>(
        &mut self,
        script: impl IntoIterator<Item = (P, Event)>,
    ) -> io::Result<usize>
    where
        Self: Stateless<State = S>,
    {
        self.fire_all_with(Self::nothing(), script)
    }

    /// [`turn_with`](MockEventp::turn_with) without a state.
    ///
    /// # Errors
    ///
    /// As [`turn_with`](MockEventp::turn_with).
    pub fn turn(&mut self) -> io::Result<usize>
    where
        Self: Stateless<State = S>,
    {
        self.turn_with(Self::nothing())
    }
}

/// A value that is out of the reactor while its handler runs; put back on every way out, or kept for later if its subscriber is gone.
struct Lent<'a, S> {
    reactor: &'a mut MockEventp<S>,
    key: Key,
    value: Option<Box<dyn Any>>,
}

impl<S> Lent<'_, S> {
    fn call(&mut self, kind: Type<S>, delivery: Delivery, state: &mut S) -> io::Result<Flow> {
        let Some(value) = &mut self.value else { unreachable!("one handler runs at a time") };
        let reactor = Pinned::within(self.reactor, Running::handler_of(self.key));
        (kind.call)(value.as_mut(), delivery, state, reactor)
    }
}

impl<S> Drop for Lent<'_, S> {
    fn drop(&mut self) {
        match self.reactor.subscribers.get_mut(&self.key) {
            Some(registered) => registered.value = self.value.take(),
            None => self.reactor.doomed = self.value.take(),
        }
    }
}
