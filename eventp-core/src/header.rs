//! The memory of a subscriber: what the kernel's `data` word points at, and how the value is found from there.
//!
//! ```text
//!  one fd: one allocation, the header directly before the value
//!  +--------------------------------------------------+---------+----------+
//!  | Header                                           | padding | value: T |
//!  | call | key | fd | interest | changed | index     | to T's  |          |
//!  |      |     |    |          |         | field     | align   |          |
//!  |      |     |    |          |         | standing  |         |          |
//!  +--------------------------------------------------+---------+----------+
//!  ^ `epoll_event.data`, exposed provenance                     ^ at `Meta::value`, a constant of T
//!
//!  several fds: one allocation, and further ones where a `Vec` of fds needs more
//!  +-------------+-------------+-----+---------+----------+      +-------------+-----+
//!  | FarHeader 0 | FarHeader 1 | ... | padding | value: T |      | FarHeader n | ... |  a "unit"
//!  | Header,     | Header,     |     |         |          |      | Header,     |     |
//!  | value ------+-------------+-----+---------^          |      | value       |     |
//!  +-------------+-------------+-----+---------+----------+      +------+------+-----+
//!  ^ `epoll_event.data` of each port         ^----------------------------+
//! ```
//!
//! The allocation with the value is a "block". `call` is a monomorphised function, so it knows which of the two layouts its header is in.
//! The headers of a subscriber with several fds are a pool: any of them serves any of its ports, and is used again when its port was
//! disarmed and the kernel has forgotten it.
//!
//! This module forms no reference to a value and calls no user code, except through the functions in [`Meta`], which the caller
//! calls by name. It knows no reactor type: `call` gets the reactor as an untyped pointer.
//!
//! The invariants, on which every SAFETY comment of the crate relies by number:
//!
//! - I1. Whatever address the kernel may still report points at an allocated header. A header is freed, or its memory used for another, only when (a) the batch
//!   in which it could be reported is over, and (b) `EPOLL_CTL_DEL` for its fd returned 0 while no stale header carries
//!   the same fd number, or the epoll instance it was registered in has been closed.
//!   So every entry of the instance belongs to the header that has its number in the registry, or to a stale header. The reactor's own eventfd has
//!   a header and a number there, too.
//! - I2. While a handler runs on a value, nobody else forms a reference to that value.
//! - I3. The fd is asked for once per port, when it is armed; that number is the only one used afterwards.
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
use crate::ports::{Field, Ports};

/// What a header's event is delivered by: the header, the reported bits, and the reactor (`*mut Eventp<S>`, of the `S` that the
/// function was made for).
pub(crate) type Call = unsafe fn(*mut Header, u32, *mut c_void);

/// The functions that deliver the events of a field: of any port, and of a one-shot port.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Calls {
    pub(crate) always: Call,
    /// Also notes that the port has fired.
    pub(crate) once: Call,
}

impl Calls {
    pub(crate) fn under(self, interest: Interest) -> Call {
        if interest.is_oneshot() { self.once } else { self.always }
    }
}

/// The fixed record that a registration's `data` word points at.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    /// Delivers an event. Replaced by a function that calls nobody when the port dies, so the loop has no branch for it.
    pub(crate) call: Call,
    /// The name of the subscriber, with its generation.
    pub(crate) key: Key,
    /// The number that was asked for when the port was armed (I3).
    pub(crate) fd: RawFd,
    /// The interest now in force. It lives here and not in the user's value, so a handler may modify its own (I2).
    pub(crate) interest: Interest,
    /// The serial number of the batch in which the port died or was last modified. To a dead port, a report of a later batch is
    /// a ghost; to a one-shot port, a report of this very batch is older than its re-arming.
    pub(crate) changed: u32,
    /// Which of the fds of its field this is.
    pub(crate) index: u16,
    /// Which of the subscriber's fields.
    pub(crate) field: u8,
    /// What the kernel has of this port.
    pub(crate) standing: Standing,
}

impl Header {
    pub(crate) fn port(&self) -> Port {
        Port { field: self.field, index: self.index }
    }
}

/// The header of a port of a subscriber with several.
#[repr(C)]
#[derive(Debug)]
pub(crate) struct FarHeader {
    pub(crate) header: Header,
    /// The value, from the provenance of its whole block.
    pub(crate) value: *mut u8,
}

#[cfg(target_pointer_width = "64")]
const _: () = assert!(size_of::<Header>() == 32 && size_of::<FarHeader>() == 40);

/// What the kernel has of a port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// A registration, and it reports.
    Armed,
    /// A registration that is silent: its one-shot report has been delivered.
    Fired,
    /// Perhaps a stale registration, which the fd number no longer reaches.
    Orphaned,
    /// No registration, and no fd number: the port was disarmed, or lost its number to another.
    Absent,
    /// No registration: it is called when its notifier says so, or by a trigger only.
    Notified,
}

impl Standing {
    /// Whether it can be called though the kernel reports nothing.
    pub(crate) fn can_be_triggered(self) -> bool {
        matches!(self, Self::Armed | Self::Notified)
    }

    /// Whether its `call` leads to a handler.
    pub(crate) fn is_called(self) -> bool {
        self.is_watched() || self == Self::Notified
    }

    /// Whether the subscriber has it armed, as far as the subscriber knows.
    pub(crate) fn is_watched(self) -> bool {
        matches!(self, Self::Armed | Self::Fired)
    }
}

/// What is known of a subscriber's type when the type is forgotten: a hand-written function table.
#[derive(Debug)]
pub(crate) struct Meta {
    /// What delivers the events of the one fd there is, whose header is directly before the value; or `None`, and there is any number
    /// of [`FarHeader`]s.
    pub(crate) near: Option<Calls>,
    /// What delivers the events of a field of several, or `None` if there is no such field. User code (I4).
    pub(crate) calls: fn(u8) -> Option<Calls>,
    /// Drops the value in place.
    pub(crate) drop: unsafe fn(*mut u8),
    /// Moves the value into a box.
    pub(crate) into_any: unsafe fn(*mut u8) -> Box<dyn Any>,
    /// Of the block.
    pub(crate) layout: Layout,
    /// Where in the block the value is.
    pub(crate) value: usize,
    /// How many headers are in the block.
    pub(crate) headers: usize,
    pub(crate) fields: &'static [Field],
    pub(crate) type_id: fn() -> TypeId,
    /// Of the struct whose fields these are: the type itself, or the one in a shared cell.
    pub(crate) struct_id: fn() -> TypeId,
    pub(crate) type_name: fn() -> &'static str,
}

impl Meta {
    /// The table of `T`, whose events these deliver: `near` if it has one fd, `calls` if it has several.
    pub(crate) const fn of<T: Ports + 'static>(
        near: Calls,
        calls: fn(u8) -> Option<Calls>,
    ) -> Self {
        let (layout, value) = block_layout::<T>();
        Self {
            near: if T::ONE { Some(near) } else { None },
            calls,
            drop: drop_value::<T>,
            into_any: into_any::<T>,
            layout,
            value,
            headers: headers_of::<T>(),
            fields: T::FIELDS,
            type_id: TypeId::of::<T>,
            struct_id: T::struct_id,
            type_name: core::any::type_name::<T>,
        }
    }
}

/// How many headers the block of a `T` has: as many as it has fds, as far as the types of its fields say.
const fn headers_of<T: Ports + 'static>() -> usize {
    if T::ONE {
        return 1;
    }
    assert!(T::FIELDS.len() <= 64, "a subscriber has 64 fields with `#[fd]` at most");
    let (mut headers, mut field) = (0, 0);
    while field < T::FIELDS.len() {
        headers += T::FIELDS[field].ports as usize;
        field += 1;
    }
    headers
}

/// The layout of a block, and where its value is.
pub(crate) const fn block_layout<T: Ports + 'static>() -> (Layout, usize) {
    let headers = if T::ONE {
        Ok(Layout::new::<Header>())
    } else {
        Layout::array::<FarHeader>(headers_of::<T>())
    };
    let Ok(headers) = headers else { panic!("too many fds") };
    let Ok((block, value)) = headers.extend(Layout::new::<T>()) else { panic!("value too large") };
    let block = block.pad_to_align();
    if block.size() > 0 {
        return (block, value);
    }
    // No value, and fds whose number is not known yet: still a place of its own.
    let Ok(block) = Layout::from_size_align(block.align(), block.align()) else { unreachable!() };
    (block, value)
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

/// An allocation that is to be freed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Memory {
    start: NonNull<u8>,
    layout: Layout,
}

impl Memory {
    #[inline]
    pub(crate) fn allocate(layout: Layout) -> Self {
        debug_assert!(layout.size() > 0);
        // SAFETY: no layout here is empty: `block_layout` sees to that, and a unit has a header at least.
        let Some(start) = NonNull::new(unsafe { alloc(layout) }) else {
            handle_alloc_error(layout)
        };
        Self { start, layout }
    }

    /// Gives it back. No value in it is dropped.
    ///
    /// # Safety
    ///
    /// I1 allows it, and nothing in it is used afterwards.
    pub(crate) unsafe fn free(self) {
        // SAFETY: it was allocated with this layout, and the caller gives it up.
        unsafe { dealloc(self.start.as_ptr(), self.layout) }
    }
}

/// Memory of a subscriber that has left, for the next one of its size: the allocator takes half of the instructions of an add and a delete
/// (callgrind).
#[derive(Debug, Default)]
pub(crate) struct Spare(Option<Memory>);

impl Spare {
    /// Memory of that layout.
    #[inline]
    pub(crate) fn allocate(&mut self, layout: Layout) -> Memory {
        match self.0 {
            Some(memory) if memory.layout == layout => {
                self.0 = None;
                memory
            }
            _ => Memory::allocate(layout),
        }
    }

    /// Keeps memory, and frees what it has kept until now.
    ///
    /// # Safety
    ///
    /// As for [`Memory::free`].
    #[inline]
    pub(crate) unsafe fn keep(&mut self, memory: Memory) {
        // AddressSanitizer is to see each use of what nobody has any more.
        let former = if cfg!(any(asan, fuzzing)) { Some(memory) } else { self.0.replace(memory) };
        if let Some(former) = former {
            // SAFETY: given up (caller, then or now).
            unsafe { former.free() }
        }
    }
}

impl Drop for Spare {
    fn drop(&mut self) {
        if let Some(memory) = self.0.take() {
            // SAFETY: it was given up when it was kept.
            unsafe { memory.free() }
        }
    }
}

/// The allocation with a subscriber's value. Plain data: whoever drops the last copy has to free its [`memory`](Block::memory), and
/// dropping the value is a step of its own.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    start: NonNull<u8>,
    meta: &'static Meta,
}

impl Block {
    /// Allocates a block and makes all its headers copies of `header`; the value is written by [`fill`](Block::fill).
    pub(crate) fn new(meta: &'static Meta, header: Header) -> Self {
        if meta.near.is_some() {
            return Self::near(Memory::allocate(meta.layout), meta, || header);
        }
        let block = Self { start: Memory::allocate(meta.layout).start, meta };
        // SAFETY: the block is fresh and starts with so many headers.
        unsafe { FarHeader::write_all(block.start.cast(), meta.headers, header, block.value()) };
        block
    }

    /// A block in memory of that layout, for a subscriber with one fd. The header is made when there is room for it: what it is made of needs no
    /// keeping until then.
    #[inline(always)] // where the table is a constant: 30 instructions per add (callgrind)
    pub(crate) fn near(
        memory: Memory,
        meta: &'static Meta,
        header: impl FnOnce() -> Header,
    ) -> Self {
        debug_assert!(meta.near.is_some() && memory.layout == meta.layout);
        let block = Self { start: memory.start, meta };
        let header = header();
        // SAFETY: the block is fresh and starts with a header.
        unsafe { block.start.cast::<Header>().write(header) };
        block
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

    /// The header of a subscriber with one fd. Derived from the whole block, so the value can be reached from it.
    pub(crate) fn one(self) -> Option<*mut Header> {
        self.meta.near.map(|_| self.first())
    }

    /// The start of the block: the header of a subscriber with one fd. Derived from the whole block.
    pub(crate) fn first(self) -> *mut Header {
        self.start.as_ptr().cast()
    }

    /// The headers in the block.
    pub(crate) fn headers(self) -> impl Iterator<Item = *mut Header> + use<> {
        let stride =
            if self.meta.near.is_some() { size_of::<Header>() } else { size_of::<FarHeader>() };
        // SAFETY: the block starts with so many headers, at that distance.
        (0..self.meta.headers)
            .map(move |nth| unsafe { self.start.as_ptr().add(nth * stride).cast::<Header>() })
    }

    /// Where the value is. No reference is formed.
    pub(crate) fn value(self) -> *mut u8 {
        // SAFETY: `meta.value` is inside of the block or one past its end (zero-sized values).
        unsafe { self.start.as_ptr().add(self.meta.value) }
    }

    pub(crate) fn meta(self) -> &'static Meta {
        self.meta
    }

    /// Whether the value is a `T`.
    pub(crate) fn holds<T: 'static>(self) -> bool {
        (self.meta.type_id)() == TypeId::of::<T>()
    }

    pub(crate) fn memory(self) -> Memory {
        Memory { start: self.start, layout: self.meta.layout }
    }
}

/// Headers of a subscriber with several fds that found no place in its block.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Unit {
    start: NonNull<FarHeader>,
    headers: usize,
}

impl Unit {
    pub(crate) fn new(headers: usize, header: Header, block: Block) -> Self {
        let Ok(layout) = Layout::array::<FarHeader>(headers) else { panic!("too many fds") };
        let start = Memory::allocate(layout).start.cast();
        // SAFETY: it is fresh and laid out for so many headers.
        unsafe { FarHeader::write_all(start, headers, header, block.value()) };
        Self { start, headers }
    }

    pub(crate) fn headers(self) -> impl Iterator<Item = *mut Header> + use<> {
        // SAFETY: there are so many headers.
        (0..self.headers).map(move |nth| unsafe { self.start.as_ptr().add(nth).cast::<Header>() })
    }

    pub(crate) fn memory(self) -> Memory {
        let Ok(layout) = Layout::array::<FarHeader>(self.headers) else { unreachable!() };
        Memory { start: self.start.cast(), layout }
    }
}

impl FarHeader {
    /// # Safety
    ///
    /// `start` points at room for so many.
    unsafe fn write_all(start: NonNull<Self>, headers: usize, header: Header, value: *mut u8) {
        for nth in 0..headers {
            // SAFETY: within the room (caller).
            unsafe { start.add(nth).write(Self { header, value }) };
        }
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

#[cfg(test)]
mod tests {
    use std::io;

    use super::*;
    use crate::ports::{Each, PortCall};
    use crate::reactor::Eventp;
    use crate::subscriber::Subscriber;

    /// A subscriber of one fd or of several, whose value is a `V`.
    struct Of<V, const ONE: bool, const PORTS: u16>(V);

    impl<V, const ONE: bool, const PORTS: u16> Ports for Of<V, ONE, PORTS> {
        const ONE: bool = ONE;
        const FIELDS: &'static [Field] = &[Field { ports: PORTS, ..Field::ONE }];
        type Struct = Self;

        fn ports(&self, _field: usize, _each: Each<'_>) -> io::Result<()> {
            Ok(())
        }

        fn call<W, S>(_field: usize) -> Option<PortCall<W, S>>
        where
            W: Subscriber<Eventp<S>>,
        {
            None
        }
    }

    unsafe fn never(_header: *mut Header, _events: u32, _reactor: *mut c_void) {}

    /// A block has room for its headers at the start and for its value behind them, aligned as the value is.
    fn check<V: 'static, const ONE: bool, const PORTS: u16>(header: usize) {
        let calls = Calls { always: never, once: never };
        let meta = Meta::of::<Of<V, ONE, PORTS>>(calls, |_| None);
        assert_eq!(meta.near.is_some(), ONE);
        assert_eq!(meta.headers, if ONE { 1 } else { usize::from(PORTS) });
        assert!(meta.value >= meta.headers * header);
        assert_eq!(meta.value % align_of::<V>(), 0);
        assert!(meta.layout.size() >= meta.value + size_of::<V>() && meta.layout.size() > 0);
        assert!(meta.layout.align() >= align_of::<V>().max(align_of::<Header>()));
    }

    #[repr(align(128))]
    struct Aligned;

    /// The compiler evaluates these; here they run, under sanitizers and where coverage is counted.
    #[test]
    fn every_layout_has_room_for_headers_and_value() {
        let (near, far) = (size_of::<Header>(), size_of::<FarHeader>());
        check::<(), true, 1>(near);
        check::<[u8; 3], true, 1>(near);
        check::<Aligned, true, 1>(near);
        check::<(), false, 0>(far);
        check::<u64, false, 3>(far);
        check::<Aligned, false, 2>(far);
    }

    #[test]
    fn spare_memory_is_for_the_next_of_its_size_and_nobody_else() {
        let mut spare = Spare::default();
        let (small, large) = (Layout::new::<[u64; 6]>(), Layout::new::<[u64; 7]>());
        let first = spare.allocate(small);
        // SAFETY: nobody uses it.
        unsafe { spare.keep(first) };
        let other = spare.allocate(large);
        assert_eq!(other.layout, large);
        if !cfg!(any(asan, fuzzing)) {
            let again = spare.allocate(small);
            assert_eq!(again.start, first.start);
            let more = spare.allocate(small);
            assert_ne!(more.start, first.start);
            // SAFETY: nobody uses them.
            unsafe {
                spare.keep(again);
                spare.keep(more);
            }
        }
        // SAFETY: nobody uses it.
        unsafe { other.free() };
    }
}
