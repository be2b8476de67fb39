//! What `/proc` says of the process: which registrations an epoll instance has, and how many fds are open.

use std::collections::BTreeSet;
use std::fs;
use std::os::fd::RawFd;
use std::os::unix::fs::FileExt;

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
    /// What the kernel says of that number.
    info: fs::File,
    /// Other instances of the process: they stay.
    others: BTreeSet<RawFd>,
    /// Whether it has the reactor's own eventfd.
    has_bell: bool,
    text: Vec<u8>,
    /// Room for the next text, as long as the last.
    next_text: Vec<u8>,
    found: Vec<(Number, u32)>,
    bells: usize,
}

impl Registrations {
    /// Those of the only instance that is none of the others.
    pub fn new(others: BTreeSet<RawFd>, has_bell: bool) -> Self {
        let epoll = find_epoll(&others);
        Self {
            epoll,
            info: info_of(epoll),
            others,
            has_bell,
            text: Vec::new(),
            next_text: vec![0; 1 << 14],
            found: Vec::new(),
            bells: 0,
        }
    }

    /// # Panics
    ///
    /// If they are not those that the model has.
    pub fn check(&mut self, model: &Kernel) {
        if !is_epoll(self.epoll) {
            self.epoll = find_epoll(&self.others);
            self.info = info_of(self.epoll);
        }
        let length = self.info.read_at(&mut self.next_text, 0).unwrap();
        let text = &self.next_text[..length];
        if *text != *self.text {
            self.text.clear();
            self.text.extend_from_slice(text);
            self.parse();
        }
        assert_eq!(self.bells, usize::from(self.has_bell));
        let mut expected = model.registrations();
        expected.sort_unstable();
        assert_eq!(self.found, expected, "what the kernel has, and what it should");
    }

    fn parse(&mut self) {
        self.found.clear();
        self.bells = 0;
        let text = std::str::from_utf8(&self.text).unwrap();
        for line in text.split('\n').filter(|line| line.starts_with("tfd:")) {
            // `tfd: %8d events: %8x data: ..`
            let fd: RawFd = line[4..13].trim_ascii().parse().unwrap();
            let events = u32::from_str_radix(line[22..31].trim_ascii(), 16).unwrap();
            match fd.checked_sub(FIRST) {
                Some(number @ 0..) if (number as usize) < NUMBERS => {
                    self.found.push((number as Number, events));
                }
                _ => self.bells += 1,
            }
        }
        self.found.sort_unstable();
    }
}

fn find_epoll(others: &BTreeSet<RawFd>) -> RawFd {
    let epolls = epolls();
    let mut ours = epolls.difference(others);
    let epoll = *ours.next().expect("an epoll instance");
    assert_eq!(ours.next(), None, "the old epoll instance is closed");
    epoll
}

fn info_of(fd: RawFd) -> fs::File {
    fs::File::open(format!("/proc/self/fdinfo/{fd}")).unwrap()
}
