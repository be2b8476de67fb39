//! What `/proc` says of the process: which registrations an epoll instance has, and how many fds are open.

use std::collections::BTreeSet;
use std::fs;
use std::io::Read;
use std::os::fd::RawFd;

use super::kernel::{Kernel, Number};
use super::subscribers::{FIRST, NUMBERS};

/// The epoll instances of the process.
pub fn epolls() -> BTreeSet<RawFd> {
    numbers().into_iter().filter(|&fd| is_epoll(fd)).collect()
}

fn is_epoll(fd: RawFd) -> bool {
    fs::read_link(format!("/proc/self/fd/{fd}"))
        .is_ok_and(|link| link.as_os_str() == "anon_inode:[eventpoll]")
}

fn numbers() -> Vec<RawFd> {
    let entries = fs::read_dir("/proc/self/fd").unwrap().flatten();
    entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok()).collect()
}

/// How many fds are open.
pub fn open_fds() -> usize {
    numbers().len()
}

/// The registrations of the reactor's epoll instance, which changes with each rebuild.
pub struct Registrations {
    epoll: RawFd,
    /// Other instances of the process: they stay.
    others: BTreeSet<RawFd>,
    /// Whether it has the reactor's own eventfd.
    has_bell: bool,
    text: String,
    found: Vec<(Number, u32)>,
}

impl Registrations {
    /// Those of the only instance that is none of the others.
    pub fn new(others: BTreeSet<RawFd>, has_bell: bool) -> Self {
        let mut this = Self { epoll: -1, others, has_bell, text: String::new(), found: Vec::new() };
        this.find_epoll();
        this
    }

    fn find_epoll(&mut self) {
        let epolls = epolls();
        let mut ours = epolls.difference(&self.others);
        self.epoll = *ours.next().expect("an epoll instance");
        assert_eq!(ours.next(), None, "the old epoll instance is closed");
    }

    fn read(&mut self) -> bool {
        self.text.clear();
        let file = fs::File::open(format!("/proc/self/fdinfo/{}", self.epoll));
        file.is_ok_and(|mut file| file.read_to_string(&mut self.text).is_ok())
            && (self.text.contains("tfd:") || is_epoll(self.epoll))
    }

    /// # Panics
    ///
    /// If they are not those that the model has.
    pub fn check(&mut self, model: &Kernel) {
        if !self.read() {
            self.find_epoll();
            assert!(self.read());
        }
        self.found.clear();
        let mut bells = 0;
        for line in self.text.lines().filter_map(|line| line.strip_prefix("tfd:")) {
            let mut words = line.split_whitespace();
            let fd: RawFd = words.next().unwrap().parse().unwrap();
            let events = u32::from_str_radix(words.nth(1).unwrap(), 16).unwrap();
            match fd.checked_sub(FIRST) {
                Some(number @ 0..) if (number as usize) < NUMBERS => {
                    self.found.push((number as Number, events));
                }
                _ => bells += 1,
            }
        }
        assert_eq!(bells, usize::from(self.has_bell));
        self.found.sort_unstable();
        let mut expected = model.registrations();
        expected.sort_unstable();
        assert_eq!(self.found, expected, "what the kernel has, and what it should");
    }
}
