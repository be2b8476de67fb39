//! The memory of a subscriber: what the kernel's `data` word points at, and how the value is found from there.
//!
//! ```text
//!  one allocation (a "block")
//!  +----------------------------------------------+---------+-------------+
//!  | Header                                       | padding | value: T    |
//!  | call | key | fd | interest | port | standing  | to T's  |             |
//!  |      |     |    |          |      | changed   | align   |             |
//!  +----------------------------------------------+---------+-------------+
//!  ^ `epoll_event.data`, exposed provenance                 ^ at `Meta::value`, a constant of T
//! ```
//!
//! A block starts with its headers, one per port, and ends with the value. The layout is computed for any number of ports; a
//! subscriber with one fd has one. `call` is a monomorphised function, so it knows where its value is without being told. A port
//! whose header is not in its value's block (ports whose number is only known at run time) will embed [`Header`] as the first
//! field of a longer record that ends in the value's address, which only *its* `call` reads.
//!
//! This module forms no reference to a value and calls no user code, except through the functions in [`Meta`], which the caller
//! calls by name. It knows no reactor type: `call` gets the reactor as an untyped pointer.
//!
//! The invariants, on which every SAFETY comment of the crate relies by number:
//!
//! - I1. Whatever address the kernel may still report points at an allocated header. A header is freed only when (a) the batch
//!   in which it could be reported is over, and (b) `EPOLL_CTL_DEL` for its fd returned 0 while no stale header carries
//!   the same fd number, or the epoll instance it was registered in has been closed.
//! - I2. While a handler runs on a value, nobody else forms a reference to that value.
//! - I3. `as_fd` is asked once per port, at registration; that number is the only one used afterwards.
//! - I4. No safe user trait is trusted for memory safety: it may lie, panic, or answer differently each time.
//! - I5. No safe code outside the crate can obtain the reactor by `&mut` while it dispatches, or write to its epoll instance.
//! - I6. Every path out of dispatch, unwinding included, leaves the reactor usable.

use core::any::{Any, TypeId};
use core::ffi::c_void;
use core::ptr::NonNull;
use std::alloc::{Layout, alloc, dealloc, handle_alloc_error};
use std::os::fd::RawFd;

use crate::interest::Interest;
use crate::key::{Key, Port};

/// What a header's event is delivered by: the header, the reported bits, and the reactor (`*mut Eventp<S>`, of the `S` that the
/// function was made for).
pub(crate) type Call = unsafe fn(*mut Header, u32, *mut c_void);

/// The fixed record that a registration's `data` word points at.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct Header {
    /// Delivers an event. Replaced by a function that calls nobody when the port dies, so the loop has no branch for it.
    pub(crate) call: Call,
    /// The name of the subscriber, with its generation.
    pub(crate) key: Key,
    /// The number that `as_fd` gave at registration (I3).
    pub(crate) fd: RawFd,
    /// The interest now in force. It lives here and not in the user's value, so a handler may modify its own (I2).
    pub(crate) interest: Interest,
    /// Which of the subscriber's ports this is.
    pub(crate) port: Port,
    /// What the kernel has of this port.
    pub(crate) standing: Standing,
    /// The serial number of the batch in which the port died or was last modified. To a dead port, a report of a later batch is
    /// a ghost; to a one-shot port, a report of this very batch is older than its re-arming.
    pub(crate) changed: u32,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Header>() <= 32);

/// What the kernel has of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A registration, and it reports.
    Armed,
    /// A registration that is silent: its one-shot report has been delivered.
    Fired,
    /// No registration: the one-shot report was delivered, and the epoll instance has been rebuilt since.
    Silent,
    /// Perhaps a stale registration, which the fd number no longer reaches.
    Orphaned,
    /// No registration, and the fd number is somebody else's or nobody's.
    Lost,
}

/// What is known of a subscriber's type when the type is forgotten: a hand-written function table.
#[derive(Debug)]
pub(crate) struct Meta {
    /// Delivers an event.
    pub(crate) call: Call,
    /// Delivers an event of a one-shot port, and notes that it has fired.
    pub(crate) call_once: Call,
    /// Drops the value in place.
    pub(crate) drop: unsafe fn(*mut u8),
    /// Moves the value into a box.
    pub(crate) into_any: unsafe fn(*mut u8) -> Box<dyn Any>,
    /// Of the block.
    pub(crate) layout: Layout,
    /// Where in the block the value is.
    pub(crate) value: usize,
    pub(crate) type_id: fn() -> TypeId,
    pub(crate) type_name: fn() -> &'static str,
}

impl Meta {
    /// The table of `T`, whose events `call` and `call_once` deliver.
    pub(crate) const fn of<T: 'static>(call: Call, call_once: Call) -> Self {
        let (layout, value) = block_layout::<T>(1);
        Self {
            call,
            call_once,
            drop: drop_value::<T>,
            into_any: into_any::<T>,
            layout,
            value,
            type_id: TypeId::of::<T>,
            type_name: core::any::type_name::<T>,
        }
    }

    /// The function that delivers events under `interest`.
    pub(crate) fn call_for(&self, interest: Interest) -> Call {
        if interest.is_oneshot() { self.call_once } else { self.call }
    }
}

/// The layout of a block with so many ports, and where its value is.
pub(crate) const fn block_layout<T>(ports: usize) -> (Layout, usize) {
    let Ok(headers) = Layout::array::<Header>(ports) else { panic!("too many ports") };
    let Ok((block, value)) = headers.extend(Layout::new::<T>()) else { panic!("value too large") };
    (block.pad_to_align(), value)
}

/// # Safety
///
/// `value` points at a live `T`, nobody refers to it, and it is not used afterwards.
unsafe fn drop_value<T>(value: *mut u8) {
    // SAFETY: the caller's promise is that of `drop_in_place`.
    unsafe { value.cast::<T>().drop_in_place() }
}

/// # Safety
///
/// As for [`drop_value`].
unsafe fn into_any<T: 'static>(value: *mut u8) -> Box<dyn Any> {
    // SAFETY: the caller gives the value away.
    Box::new(unsafe { value.cast::<T>().read() })
}

/// A subscriber's memory. Plain data: whoever drops the last copy has to [`free`](Block::free) it, and dropping the value is
/// a step of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    header: NonNull<Header>,
    meta: &'static Meta,
}

impl Block {
    /// Allocates a block and writes its header; the value is written by [`fill`](Block::fill).
    pub(crate) fn new(meta: &'static Meta, header: Header) -> Self {
        // SAFETY: the layout has room for a header at least, so its size is not zero.
        let memory = unsafe { alloc(meta.layout) }.cast::<Header>();
        let Some(place) = NonNull::new(memory) else { handle_alloc_error(meta.layout) };
        // SAFETY: `place` is fresh memory, large enough and aligned for a block that starts with a header.
        unsafe { place.write(header) };
        Self { header: place, meta }
    }

    /// Writes the value.
    ///
    /// # Safety
    ///
    /// `meta` is that of `T`, and the block has no value yet.
    pub(crate) unsafe fn fill<T>(self, value: T) {
        // SAFETY: the block was laid out for a `T` at this place.
        unsafe { self.value().cast::<T>().write(value) }
    }

    /// The header. Derived from the whole block, so the value can be reached from it.
    pub(crate) fn header(self) -> *mut Header {
        self.header.as_ptr()
    }

    /// Where the value is. No reference is formed.
    pub(crate) fn value(self) -> *mut u8 {
        // SAFETY: `meta.value` is inside of the block or one past its end (zero-sized values).
        unsafe { self.header.as_ptr().cast::<u8>().add(self.meta.value) }
    }

    pub(crate) fn meta(self) -> &'static Meta {
        self.meta
    }

    /// Whether the value is a `T`.
    pub(crate) fn holds<T: 'static>(self) -> bool {
        (self.meta.type_id)() == TypeId::of::<T>()
    }

    /// The `data` word of the registration.
    pub(crate) fn data(self) -> u64 {
        data_of(self.header.as_ptr())
    }

    /// Gives the memory back. The value is not dropped.
    ///
    /// # Safety
    ///
    /// I1 allows it, and no copy of this block is used afterwards.
    pub(crate) unsafe fn free(self) {
        // SAFETY: the block was allocated with this layout, and the caller gives it up.
        unsafe { dealloc(self.header.as_ptr().cast(), self.meta.layout) }
    }
}

/// The `data` word that stands for a header.
pub(crate) fn data_of(header: *mut Header) -> u64 {
    header.expose_provenance() as u64
}

/// The header that a `data` word stands for.
pub(crate) fn header_of(data: u64) -> *mut Header {
    core::ptr::with_exposed_provenance_mut(data as usize)
}
