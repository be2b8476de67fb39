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
#[cfg(feature = "tracing")]
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use crate::engine::Engine;
use crate::event::Event;
use crate::flow::Flow;
use crate::header::{Calls, FarHeader, Header, Meta, Standing, block_layout, header_of};
use crate::key::Port;
use crate::ops::{Pinned, Running};
use crate::reactor::Eventp;
use crate::subscriber::{Dispatch, Subscriber};
use crate::sys::Report;
use crate::todo::Todo;
#[cfg(feature = "tracing")]
use crate::trace;

/// Delivers the events of the open batch, of `len`, from `next` on.
///
/// # Safety
///
/// `reactor` points at a reactor that is exclusively the caller's and whose `state` is lent for the time of this call; the caller uses no
/// reference to it meanwhile. The wait has filled `len` entries of the buffer, and `next` is one of them.
#[inline(always)]
pub(crate) unsafe fn deliver<S>(reactor: *mut Eventp<S>, next: usize, len: usize) {
    let engine = reactor.cast::<Engine>();
    // SAFETY: exclusively ours (caller). The buffer is not resized before the batch is finished, and handlers, which get at the
    // reactor through `Pinned` only, cannot reach it (I5). `len` is within the buffer (caller).
    let events = unsafe {
        let events = &(*engine).batch.events;
        events.as_ptr()
    };
    let mut rest = Rest::new(engine, events, next, len);
    loop {
        // SAFETY: `rest` starts at one of the entries that `epoll_wait` filled. I1: the address in it is that of an allocated header,
        // dead or alive, so `call` can be read and called; I6: the rest is shortened first, so an unwinding handler is behind us.
        // No reference to the reactor is alive between two calls, and each call forms its own.
        unsafe {
            let report = rest.first();
            rest.offset += Rest::STEP;
            let header = header_of((*report).u64);
            ((*header).call)(header, (*report).events, reactor.cast());
            if (*engine).todo.has(Todo::ATTEND) {
                attend(reactor, header_of((*report).u64));
            }
        }
        if rest.offset == 0 {
            break;
        }
    }
    core::mem::forget(rest);
}

/// What is left of the batch; written back when a panic ends the loop (I6).
///
/// It is kept as the distance to the end, in bytes: this one number is the index and the end test of the loop, which with a pointer
/// and a counter takes two instructions more per event (callgrind).
struct Rest {
    engine: *mut Engine,
    end: *const Report,
    offset: isize,
    len: usize,
}

impl Rest {
    const STEP: isize = size_of::<Report>() as isize;

    #[inline(always)]
    fn new(engine: *mut Engine, events: *const Report, next: usize, len: usize) -> Self {
        // Opaque, lest the compiler turn the one number back into a pointer and a counter.
        let end = opaque(events.wrapping_add(len));
        let offset = (events.wrapping_add(next).addr() as isize).wrapping_sub(end.addr() as isize);
        Self { engine, end, offset, len }
    }

    /// # Safety
    ///
    /// There is one left.
    #[inline(always)]
    unsafe fn first(&self) -> *const Report {
        // SAFETY: the rest, which is not empty (caller), lies directly before `end`, in the same buffer.
        unsafe { self.end.byte_offset(self.offset) }
    }
}

/// The same pointer, of which the compiler knows nothing. Unlike `black_box`, this does not take it through memory: three instructions.
#[cfg(all(target_arch = "x86_64", not(miri)))]
#[inline(always)]
fn opaque(mut pointer: *const Report) -> *const Report {
    // SAFETY: no instruction at all.
    unsafe {
        core::arch::asm!("/* {0} */", inlateout(reg) pointer, options(pure, readonly, nostack, preserves_flags));
    }
    pointer
}

#[cfg(not(all(target_arch = "x86_64", not(miri))))]
fn opaque(pointer: *const Report) -> *const Report {
    core::hint::black_box(pointer)
}

impl Drop for Rest {
    #[inline(always)] // else the loop keeps it in memory
    fn drop(&mut self) {
        let left = (-self.offset / Self::STEP) as usize;
        // SAFETY: the engine outlives `deliver`, and no reference to it is alive when a handler has unwound.
        unsafe { (*self.engine).interrupt_batch(self.len - left, self.len) };
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
        (*reactor).engine.settle(key, header);
        (*reactor).tell_hook();
    }
}

/// The function table of `T` in a reactor with state `S`.
pub(crate) struct Table<T, S>(T, S);

impl<S, T: Subscriber<Eventp<S>>> Table<T, S> {
    pub(crate) const META: &'static Meta = &Meta::of::<T>(Self::NEAR, calls_of::<T, S>);
    const NEAR: Calls = Calls { always: near::<T, S>, once: near_once::<T, S> };
}

/// What delivers the events of a field of a `T` with several fds; `None` if there is no such field. The user's code says it (I4).
fn calls_of<T: Subscriber<Eventp<S>>, S>(field: u8) -> Option<Calls> {
    T::call::<T, S>(usize::from(field)).map(|call| call.calls())
}

/// Those of field `FIELD` of a `T` with several fds.
pub(crate) fn far_calls<T: Subscriber<Eventp<S>>, S, const FIELD: u8>() -> Calls {
    Calls { always: far::<T, S, FIELD>, once: far_once::<T, S, FIELD> }
}

/// Delivers an event to a `T` with one fd.
///
/// # Safety
///
/// `header` is that of a registered subscriber of type `T`, at the start of its block, and `reactor` the `Eventp<S>` that it is registered in
/// and whose state is lent. No reference to either is alive.
#[inline(never)] // into `near_once`: with one caller, the handler becomes part of this function
unsafe fn near<T: Subscriber<Eventp<S>>, S>(
    header: *mut Header,
    events: u32,
    reactor: *mut c_void,
) {
    // SAFETY: the header's pointer was derived from the whole block, which was laid out for a `T` at this place.
    unsafe {
        let value = header.cast::<u8>().add(const { block_layout::<T>().1 }).cast::<T>();
        deliver_to(value, header, Port { field: 0, index: 0 }, events, reactor.cast::<Eventp<S>>());
    }
}

/// Delivers an event of field `FIELD` to a `T` with several fds.
///
/// # Safety
///
/// `header` is in a [`FarHeader`] of a registered subscriber of type `T`; the rest as for [`near`].
#[inline(never)] // as `near`
unsafe fn far<T: Subscriber<Eventp<S>>, S, const FIELD: u8>(
    header: *mut Header,
    events: u32,
    reactor: *mut c_void,
) {
    // SAFETY: the header's pointer was derived from the whole record, and the value's from its block (caller).
    unsafe {
        let value = (*header.cast::<FarHeader>()).value.cast::<T>();
        let port = Port { field: FIELD, index: (*header).index };
        deliver_to(value, header, port, events, reactor.cast::<Eventp<S>>());
    }
}

/// Delivers an event to a value.
///
/// # Safety
///
/// `value` is that of the registered subscriber whose port `header` is; the rest as for [`near`].
#[inline(always)]
unsafe fn deliver_to<T: Subscriber<Eventp<S>>, S>(
    value: *mut T,
    header: *mut Header,
    port: Port,
    events: u32,
    reactor: *mut Eventp<S>,
) {
    // First of all: where nobody wants a span, nothing has to be kept for it.
    #[cfg(feature = "tracing")]
    if trace::is_wanted() {
        // SAFETY: the caller's promise.
        return unsafe { deliver_in_span(value, header, port, events, reactor) };
    }
    // SAFETY: the caller's promise.
    unsafe { call(value, header, port, events, reactor) }
}

/// Delivers an event to a value, in a span.
///
/// # Safety
///
/// As for [`deliver_to`].
#[cfg(feature = "tracing")]
#[cold]
#[inline(never)]
unsafe fn deliver_in_span<T: Subscriber<Eventp<S>>, S>(
    value: *mut T,
    header: *mut Header,
    port: Port,
    events: u32,
    reactor: *mut Eventp<S>,
) {
    // SAFETY: I1: the header is allocated; a plain copy is read.
    let Header { key, fd, .. } = unsafe { *header };
    let event = Event::new(events);
    // A panic of who is told of spans takes no event away: it goes on when the handler has returned.
    let begin = || trace::span_of::<T>(key, fd, port, event).entered();
    let span = catch_unwind(AssertUnwindSafe(begin));
    // SAFETY: the caller's promise. Whoever wants spans is told of them by values only, and has no way into the reactor.
    unsafe { call(value, header, port, events, reactor) };
    if let Err(payload) = span {
        resume_unwind(payload);
    }
}

/// Calls the handler of a value.
///
/// # Safety
///
/// As for [`deliver_to`].
#[inline(always)]
unsafe fn call<T: Subscriber<Eventp<S>>, S>(
    value: *mut T,
    header: *mut Header,
    port: Port,
    events: u32,
    reactor: *mut Eventp<S>,
) {
    // SAFETY: I2: no handler runs but this one, and until it returns, `Pinned` refuses to lend the value of the subscriber with this key, and
    // defers its destructor. The header's fields are read before the handler can change them, and lie outside of the value. I5: of
    // the reactor, the handler gets nothing but the `Pinned`. The state is another object than the reactor.
    let outcome = unsafe {
        let key = (*header).key;
        T::handle(Dispatch {
            fd: &mut *value,
            event: Event::new(events),
            interest: (*header).interest,
            key,
            port,
            state: &mut *(*reactor).state,
            reactor: Pinned::within(&mut *reactor, Running::handler_of(key)),
        })
    };
    if !matches!(outcome, Ok(Flow::Keep)) {
        // SAFETY: the handler has returned, and with it all references to the reactor.
        unsafe { note(reactor.cast(), outcome) };
    }
}

/// Delivers an event of a one-shot port to a `T` with one fd.
///
/// # Safety
///
/// As for [`near`].
unsafe fn near_once<T: Subscriber<Eventp<S>>, S>(
    header: *mut Header,
    events: u32,
    reactor: *mut c_void,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if fires(header, reactor.cast()) {
            near::<T, S>(header, events, reactor);
        }
    }
}

/// Delivers an event of a one-shot port in field `FIELD` to a `T` with several fds.
///
/// # Safety
///
/// As for [`far`].
unsafe fn far_once<T: Subscriber<Eventp<S>>, S, const FIELD: u8>(
    header: *mut Header,
    events: u32,
    reactor: *mut c_void,
) {
    // SAFETY: the caller's promise.
    unsafe {
        if fires(header, reactor.cast()) {
            far::<T, S, FIELD>(header, events, reactor);
        }
    }
}

/// Notes that a one-shot port has fired, and says whether that is news.
///
/// # Safety
///
/// `header` is allocated, and `engine` that of the running reactor; no reference to either is alive.
unsafe fn fires(header: *mut Header, engine: *mut Engine) -> bool {
    // SAFETY: the caller's promise; plain fields.
    unsafe {
        let batch = &raw mut (*engine).batch;
        if (*header).standing == Standing::Fired {
            // A hang-up that a rebuild could not decline for a port that has fired.
            (*engine).silence_report();
            return false;
        }
        // A report of the batch in which the port was re-armed is older than that.
        if (*header).changed != (*batch).serial {
            (*header).standing = Standing::Fired;
        }
        true
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
        (*engine).todo.set(Todo::ATTEND);
    }
}
