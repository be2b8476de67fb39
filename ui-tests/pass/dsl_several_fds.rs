//! Several fds, as the documentation prints them.

use std::fs::File;
use std::io;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd, RawFd};

use eventp::{Eventp, EventpOps, Key, Pinned, Port, handler, subscriber};

struct EventFd(OwnedFd);

impl EventFd {
    fn read(&self) -> io::Result<u64> {
        Ok(0)
    }
}

impl AsFd for EventFd {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

type TimerFd = EventFd;

mod vmm_sys_util {
    pub(crate) mod timerfd {
        pub(crate) struct TimerFd(pub(crate) std::fs::File);
    }
}

impl AsRawFd for vmm_sys_util::timerfd::TimerFd {
    fn as_raw_fd(&self) -> RawFd {
        self.0.as_raw_fd()
    }
}

struct Disk {
    completion: OwnedFd,
}

fn completion_fd(disk: &Disk) -> BorrowedFd<'_> {
    disk.completion.as_fd()
}

#[subscriber]
struct Net {
    #[fd(interest = read)]                        activate: EventFd,
    #[fd(interest = read, group = active)]        queues: Vec<EventFd>,
    #[fd(interest = read, group = active)]        rx_limiter: TimerFd,
    #[fd(interest = read, group = active, raw)]   tx_limiter: vmm_sys_util::timerfd::TimerFd,   // AsRawFd only
    #[fd(interest = read | edge_triggered, group = active)] tap: Option<File>,
    #[fd(interest = read, with = completion_fd, group = active)] disk: Disk,                    // fn(&Disk) -> BorrowedFd<'_>
    active: bool,
}

#[handler]
impl Net {
    #[on(activate)]
    fn activated(&mut self, key: Key, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<()> {
        self.activate.read()?;
        self.active = true;
        reactor.disarm(key, Net::ACTIVATE)?;
        reactor.arm(key, self, Net::ACTIVE)          // asks `self` for the fds: no second reference is formed
    }
    #[on(queues)]
    fn kicked(&mut self, port: Port) -> io::Result<()> { self.process(port.index()) }
    #[on(rx_limiter | tx_limiter)]
    fn refill(&mut self, port: Port) {
        let _ = Net::RX_LIMITER.contains(port);
    }
    #[on(tap, readable)]
    fn frames(&mut self) -> io::Result<()> { Ok(()) }
    #[on(disk)]
    fn completed(&mut self) {}

    fn process(&mut self, _: usize) -> io::Result<()> {
        Ok(())
    }
}

fn net() -> io::Result<Net> {
    let eventfd = || eventp::Doorbell::new().map(|bell| EventFd(bell.into()));
    let stream = || std::os::unix::net::UnixStream::pair().map(|(a, _)| OwnedFd::from(a));
    let file = File::from(stream()?);
    Ok(Net {
        activate: eventfd()?,
        queues: vec![eventfd()?, eventfd()?],
        rx_limiter: eventfd()?,
        tx_limiter: vmm_sys_util::timerfd::TimerFd(file),
        tap: None,
        disk: Disk { completion: stream()? },
        active: false,
    })
}

fn main() -> io::Result<()> {
    let mut reactor = Eventp::<()>::new()?;
    let handle = reactor.add(net()?)?;
    reactor.arm(handle, Net::ACTIVE)?;
    assert_eq!(reactor.iter().next().unwrap().ports().count(), 6);
    assert!(!reactor.get(handle)?.active);

    let shared = std::sync::Arc::new(std::sync::Mutex::new(net()?));
    let handle = reactor.add(std::sync::Arc::clone(&shared))?;
    reactor.arm(handle, Net::ACTIVE)?;
    let shared = std::rc::Rc::new(std::cell::RefCell::new(net()?));
    let handle = reactor.add(std::rc::Rc::clone(&shared))?;
    reactor.arm(handle, Net::ACTIVE)?;
    assert_eq!(reactor.len(), 3);
    Ok(())
}
