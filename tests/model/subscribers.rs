//! The subscribers of a random program: with one fd, with several, and both of these shared.
//!
//! They own no fd: the program closes, swaps and reuses numbers behind the reactor's back. Asked again, one may answer otherwise than before;
//! asked while it has a whim, it panics or fails. Destructors tell that they ran, and carry out a last wish.

use std::cell::{Cell, RefCell};
use std::io;
use std::os::fd::{AsFd, BorrowedFd, RawFd};
use std::rc::Rc;

use eventp::__private::{Each, Field, PortCall, Ports};
use eventp::{Eventp, HasInterest, Notifier, Remote, Subscriber, exclusive, interest};

use super::kernel::{Interest, Number};
use super::reference::{Id, Place, Wanted};
use super::world::World;
use super::{counting, panic_by_order};

/// So many fd numbers take part, from this one on: far above those that the process uses otherwise.
pub const NUMBERS: usize = 8;
pub const FIRST: RawFd = 1200;

pub fn real_number(number: Number) -> RawFd {
    FIRST + number as RawFd
}

pub fn real_interest(wanted: Interest) -> eventp::Interest {
    if wanted.exclusive {
        let mut interest = exclusive();
        interest = if wanted.read { interest.read() } else { interest };
        interest = if wanted.write { interest.write() } else { interest };
        return if wanted.edge { interest.edge_triggered() } else { interest }.into();
    }
    let mut interest = interest();
    interest = if wanted.read { interest.read() } else { interest };
    interest = if wanted.write { interest.write() } else { interest };
    interest = if wanted.edge { interest.edge_triggered() } else { interest };
    if wanted.once { interest.oneshot() } else { interest }
}

/// An fd of a subscriber. With a step other than zero it answers with another number each time that it is asked.
#[derive(Debug)]
pub struct Slot {
    pub number: Cell<Number>,
    pub step: Number,
    pub interest: Cell<Interest>,
}

impl Slot {
    fn ask_number(&self) -> RawFd {
        let number = self.number.get();
        self.number.set((number + self.step) % NUMBERS);
        real_number(number)
    }

    fn ask_interest(&self) -> eventp::Interest {
        let interest = self.interest.get();
        self.interest.set(Interest { edge: interest.edge ^ (self.step != 0), ..interest });
        real_interest(interest)
    }
}

/// What a subscriber does the next time that it is asked for fds.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub enum Whim {
    #[default]
    None,
    Panic,
    /// Only one with several fds can fail.
    Fail,
}

/// What the next destructor does.
#[derive(Debug)]
pub enum Wish {
    Close(RawFd),
    Ring(RawFd),
    Send(Remote<World>, u64),
    Notify(Notifier, Remote<World>, u64),
}

impl Wish {
    fn carry_out(self) {
        match self {
            Self::Close(number) => _ = close(number),
            Self::Ring(number) => ring(number),
            Self::Send(remote, job) => World::send_job(&remote, job).unwrap(),
            Self::Notify(notifier, remote, job) => {
                notifier.notify().unwrap();
                World::send_job(&remote, job).unwrap();
            }
        }
    }
}

pub fn close(number: RawFd) -> bool {
    // SAFETY: takes no pointer; the numbers are the test's.
    unsafe { libc::close(number) == 0 }
}

pub fn ring(number: RawFd) {
    let one = 1u64.to_ne_bytes();
    // SAFETY: the eight bytes of `one` are read.
    let wrote = unsafe { libc::write(number, one.as_ptr().cast(), 8) };
    assert_eq!(wrote, 8);
}

/// What destructors tell, and are told.
#[derive(Debug, Default)]
pub struct Log {
    pub dropped: Vec<Id>,
    pub wish: Option<Wish>,
    /// The next destructor panics.
    pub bomb: bool,
}

/// Says when a value is dropped. Read in handlers too: AddressSanitizer sees a value that is gone.
#[derive(Debug)]
pub struct Witness {
    id: Id,
    copy: Box<Id>,
    log: Rc<RefCell<Log>>,
}

impl Witness {
    pub fn new(id: Id, log: &Rc<RefCell<Log>>) -> Self {
        Self { id, copy: Box::new(id), log: Rc::clone(log) }
    }

    pub fn id(&self) -> Id {
        self.id
    }

    pub fn check(&self, id: Id) {
        assert_eq!((self.id, *self.copy), (id, id), "gone");
    }
}

impl Drop for Witness {
    fn drop(&mut self) {
        self.check(self.id);
        let mut log = self.log.borrow_mut();
        log.dropped.push(self.id);
        let (wish, bomb) = (log.wish.take(), std::mem::take(&mut log.bomb));
        drop(log);
        if let Some(wish) = wish {
            wish.carry_out();
        }
        if bomb {
            panic_by_order();
        }
    }
}

/// What all of them are. Its alignment is [`counting::MARK`].
#[derive(Debug)]
#[repr(align(32))]
pub struct Body {
    pub witness: Witness,
    pub fields: [Vec<Slot>; 3],
    pub whim: Cell<Whim>,
}

const _: () = assert!(align_of::<Body>() == counting::MARK);

impl Body {
    /// The fds that these fields will be asked for.
    pub fn wanted(&self, id: Id, fields: u64) -> Vec<Wanted> {
        let slots = (0u8..).zip(&self.fields).filter(|(field, _)| fields >> field & 1 == 1);
        let slots = slots.flat_map(|(field, slots)| (0u16..).zip(slots).map(move |s| (field, s)));
        slots
            .map(|(field, (index, slot))| {
                (Place { id, field, index }, slot.number.get(), slot.interest.get())
            })
            .collect()
    }
}

fn panic_on(whim: &Cell<Whim>) {
    if whim.get() == Whim::Panic {
        whim.set(Whim::None);
        panic_by_order();
    }
}

/// A subscriber with one fd, which is in the first field.
#[derive(Debug)]
pub struct One(pub Body);

impl AsFd for One {
    fn as_fd(&self) -> BorrowedFd<'_> {
        let number = self.0.fields[0][0].ask_number();
        if number % 2 == 0 {
            panic_on(&self.0.whim);
        }
        // SAFETY: not that of `borrow_raw`: the number may be closed. The reactor may not rely on it.
        unsafe { BorrowedFd::borrow_raw(number) }
    }
}

impl HasInterest for One {
    fn interest(&self) -> eventp::Interest {
        panic_on(&self.0.whim);
        self.0.fields[0][0].ask_interest()
    }
}

/// A subscriber with several fds: one, perhaps one that is armed later, and any number of them.
#[derive(Debug)]
pub struct Several(pub Body);

impl Several {
    /// The fields that are armed at registration.
    pub const FIRST_FIELDS: u64 = 0b101;
}

const fn field(name: &'static str, ports: u16, armed: bool) -> Field {
    Field { name, ports, armed, ..Field::ONE }
}

impl Ports for Several {
    const ONE: bool = false;
    const FIELDS: &'static [Field] =
        &[field("one", 1, true), field("maybe", 1, false), field("many", 0, true)];
    type Struct = Self;

    fn ports(&self, field: usize, each: Each<'_>) -> io::Result<()> {
        for slot in self.0.fields.get(field).into_iter().flatten() {
            each(slot.ask_number(), slot.ask_interest());
            panic_on(&self.0.whim);
        }
        match self.0.whim.take() {
            Whim::Fail => Err(io::Error::other("asked")),
            whim => {
                self.0.whim.set(whim);
                Ok(())
            }
        }
    }

    fn call<W, S>(field: usize) -> Option<PortCall<W, S>>
    where
        W: Subscriber<Eventp<S>>,
    {
        match field {
            0 => Some(PortCall::of_field::<0>()),
            1 => Some(PortCall::of_field::<1>()),
            2 => Some(PortCall::of_field::<2>()),
            _ => None,
        }
    }
}
