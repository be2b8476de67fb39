//! The loop: from a batch to handler calls.
//!
//! In comes a reactor whose state is lent and whose batch is open; out goes a batch that is delivered to its end, or an unwinding
//! panic with the rest of the batch kept (I6).
//!
//! Per event the loop loads the header's address and the reported bits, calls through the header, and tests one flag. Everything
//! else is kept where only the slow path reads it: who runs is in the `Pinned` that the handler gets, the position in the batch
//! is in a register that the unwinding path stores, and the answer of a handler is stored only if it is not "keep".

use core::ffi::c_void;
use std::io;

use crate::engine::Engine;
use crate::event::Event;
use crate::flow::Flow;
use crate::header::{Header, Meta, Standing, block_layout, header_of};
use crate::ops::{Pinned, Running};
use crate::reactor::Eventp;
use crate::subscriber::{Dispatch, Subscriber};
use crate::sys::Report;

/// Delivers what is left of the open batch.
///
/// # Safety
///
/// `reactor` points at a reactor that is exclusively the caller's and whose `state` is lent for the time of this call; the caller uses no
/// reference to it meanwhile.
pub(crate) unsafe fn deliver<S>(reactor: *mut Eventp<S>) {
    let engine = reactor.cast::<Engine>();
    // SAFETY: exclusively ours (caller). The buffer is not resized before the batch is finished, and handlers, which get at the
    // reactor through `Pinned` only, cannot reach it (I5). `next <= len <= events.len()`.
    let mut rest = unsafe {
        let batch = &(*engine).batch;
        Rest::new(engine, batch.events.as_ptr().add(batch.len), batch.len - batch.next)
    };
    while rest.offset != 0 {
        // SAFETY: `rest` starts at one of the entries that `epoll_wait` filled. I1: the address in it is that of an allocated header,
        // dead or alive, so `call` can be read and called; I6: the rest is shortened first, so an unwinding handler is behind us.
        // No reference to the reactor is alive between two calls, and each call forms its own.
        unsafe {
            let report = rest.first();
            rest.offset += Rest::STEP;
            let header = header_of((*report).u64);
            ((*header).call)(header, (*report).events, reactor.cast());
            if (*engine).attention {
                attend(reactor, header_of((*report).u64));
            }
        }
    }
}

/// What is left of the batch; written back on every way out (I6).
///
/// It is kept as the distance to the end, in bytes: this one number is the index and the end test of the loop, which with a pointer
/// and a counter takes two instructions more per event (callgrind).
struct Rest {
    engine: *mut Engine,
    end: *const Report,
    offset: isize,
}

impl Rest {
    const STEP: isize = size_of::<Report>() as isize;

    fn new(engine: *mut Engine, end: *const Report, events: usize) -> Self {
        // Opaque, lest the compiler turn the one number back into a pointer and a counter.
        let end = core::hint::black_box(end);
        Self { engine, end, offset: -(events as isize * Self::STEP) }
    }

    /// # Safety
    ///
    /// There is one left.
    unsafe fn first(&self) -> *const Report {
        // SAFETY: the rest, which is not empty (caller), lies directly before `end`, in the same buffer.
        unsafe { self.end.byte_offset(self.offset) }
    }
}

impl Drop for Rest {
    fn drop(&mut self) {
        let left = (-self.offset / Self::STEP) as usize;
        // SAFETY: the engine outlives `deliver`, and no reference to it is alive when the loop ends or a handler has unwound.
        unsafe {
            let batch = &mut (*self.engine).batch;
            batch.next = batch.len - left;
        }
    }
}

/// Carries out what the handler left to do.
///
/// # Safety
///
/// As for [`deliver`]; the handler of `header` has returned.
#[cold]
#[inline(never)]
unsafe fn attend<S>(reactor: *mut Eventp<S>, header: *mut Header) {
    // SAFETY: I1: the batch is not over, so the header is allocated, its subscriber removed or not. The reactor is exclusively ours.
    unsafe {
        let key = (*header).key;
        (*reactor).engine.settle(key);
        (*reactor).tell_hook();
    }
}

/// The function table of `T` in a reactor with state `S`.
pub(crate) struct Table<T, S>(T, S);

impl<S, T: Subscriber<Eventp<S>>> Table<T, S> {
    pub(crate) const META: &'static Meta = &Meta::of::<T>(call::<T, S>, call_once::<T, S>);
}

/// Delivers an event to a `T`.
///
/// # Safety
///
/// `header` is that of a registered one-fd subscriber of type `T`, and `reactor` the `Eventp<S>` that it is registered in and whose
/// state is lent. No reference to either is alive.
unsafe fn call<T: Subscriber<Eventp<S>>, S>(
    header: *mut Header,
    events: u32,
    reactor: *mut c_void,
) {
    let reactor = reactor.cast::<Eventp<S>>();
    // SAFETY: the header is at the start of a block laid out for a `T` (caller), and its pointer was derived from the whole block. I2:
    // no handler runs but this one, and until it returns, `Pinned` refuses to lend the value that belongs to `header`, and
    // defers its destructor. The header's fields are read before the handler can change them. I5: of the reactor, the handler gets
    // nothing but the `Pinned`. The state is another object than the reactor.
    let outcome = unsafe {
        let value = header.cast::<u8>().add(const { block_layout::<T>(1).1 }).cast::<T>();
        T::handle(Dispatch {
            fd: &mut *value,
            event: Event::new(events),
            interest: (*header).interest,
            key: (*header).key,
            port: (*header).port,
            state: &mut *(*reactor).state,
            reactor: Pinned::within(&mut *reactor, Running::handler_of(header)),
        })
    };
    if !matches!(outcome, Ok(Flow::Keep)) {
        // SAFETY: the handler has returned, and with it all references to the reactor.
        unsafe { note(reactor.cast(), outcome) };
    }
}

/// Delivers an event to a `T` whose port is one-shot.
///
/// # Safety
///
/// As for [`call`].
unsafe fn call_once<T: Subscriber<Eventp<S>>, S>(
    header: *mut Header,
    events: u32,
    reactor: *mut c_void,
) {
    // SAFETY: allocated (caller); plain fields. A report of the batch in which the port was re-armed is older than that.
    unsafe {
        if (*header).changed != (*reactor.cast::<Engine>()).batch.serial {
            (*header).standing = Standing::Fired;
        }
        call::<T, S>(header, events, reactor);
    }
}

/// Keeps an answer other than "keep" for the loop, which knows how to carry it out.
///
/// # Safety
///
/// `engine` is that of the running reactor, and no reference to it is alive.
#[cold]
unsafe fn note(engine: *mut Engine, outcome: io::Result<Flow>) {
    // SAFETY: the caller's promise.
    unsafe {
        (*engine).outcome = outcome;
        (*engine).attention = true;
    }
}
