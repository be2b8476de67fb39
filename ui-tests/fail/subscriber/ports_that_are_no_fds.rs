#![allow(unused)]

use eventp::subscriber;
use std::fs::File;
use std::os::fd::{AsFd, BorrowedFd};

#[subscriber]
struct NoFd {
    #[fd(interest = read)]
    name: String,
    #[fd(interest = read)]
    names: Vec<String>,
    #[fd(interest = read, raw)]
    raw: u8,
    #[fd(interest = read)]
    unknown: TcpStraem,
}

struct Disk(File);

fn not_this(disk: &File) -> BorrowedFd<'_> {
    disk.as_fd()
}

#[subscriber]
struct Accessors {
    #[fd(interest = read, with = not_this)]
    wrong: Disk,
    #[fd(interest = read, with = missing)]
    missing: Disk,
}

#[subscriber]
struct Generic<T: 'static> {
    #[fd(interest = read, group = later)]
    source: T,
}

fn main() {}
