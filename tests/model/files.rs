//! Files and their numbers: opened, closed, given to each other, fired and drained, behind the reactor's back.

use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

use super::kernel::{File, Number};
use super::subscribers::{NUMBERS, close, real_number, ring};
use super::trace;
use super::world::World;

impl World {
    /// Gives a number a new file.
    pub fn open_new(&mut self) {
        let number = self.number();
        self.open_new_at(number);
    }

    pub fn open_new_at(&mut self, number: Number) {
        // SAFETY: takes no pointer.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        assert!(fd >= 0);
        // SAFETY: just opened, and nobody else knows the number.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let file = self.next_file;
        self.next_file += 1;
        self.model.kernel.counters.insert(file, 0);
        self.model.kernel.held.insert(file);
        self.files.insert(file, fd);
        self.open(number, file);
    }

    pub fn open_known(&mut self) {
        if let Some(file) = self.pick_file() {
            let number = self.number();
            self.open(number, file);
        }
    }

    fn open(&mut self, number: Number, file: File) {
        // SAFETY: takes no pointer; the numbers are the test's.
        let got = unsafe { libc::dup2(self.files[&file].as_raw_fd(), real_number(number)) };
        assert_eq!(got, real_number(number));
        trace!("open number {number} file {file}");
        self.model.kernel.open(number, file);
    }

    pub fn close(&mut self) {
        let number = self.number();
        trace!("close number {number}");
        assert_eq!(close(real_number(number)), self.model.kernel.names.contains_key(&number));
        self.model.kernel.close(number);
    }

    /// The test no longer holds a file open by itself: it goes with the last number.
    pub fn let_go(&mut self) {
        if let Some(file) = self.pick_file() {
            self.files.remove(&file);
            trace!("let go {file}");
            self.model.kernel.let_go(file);
        }
    }

    /// Fires a file, by a number of its, and rarely one that may have none.
    pub fn fire(&mut self) {
        if self.program.chance(8) {
            let Some(file) = self.pick_file() else { return };
            ring(self.files[&file].as_raw_fd());
            self.model.kernel.fire(file);
            return;
        }
        let number = self.number();
        trace!("fire number {number}");
        if let Some(&file) = self.model.kernel.names.get(&number) {
            ring(real_number(number));
            self.model.kernel.fire(file);
        }
    }

    pub fn drain(&mut self) {
        if let Some(file) = self.pick_file() {
            trace!("drain {file}");
            let mut counter = [0u8; 8];
            // SAFETY: eight bytes are written to `counter`.
            unsafe {
                libc::read(self.files[&file].as_raw_fd(), counter.as_mut_ptr().cast(), 8);
            }
            self.model.kernel.drain(file);
        }
    }
}

pub fn close_all() {
    for number in 0..NUMBERS {
        close(real_number(number));
    }
}
