//! What went wrong, with which fd, in which operation.
//!
//! In comes an errno of the kernel or an error of a handler; out goes an [`Error`] that names the operation, the fd and the type,
//! and says what to do. It turns into an [`io::Error`] whose kind is stable.

use core::fmt;
use std::io;
use std::os::fd::RawFd;

use crate::header::Block;
use crate::key::Key;

/// An error with its place: the operation, and the subscriber and the fd that it concerns.
///
/// The reactor's error hook gets it as it is ([`Eventp::on_error`](crate::Eventp::on_error)). Operations and run calls return it as an
/// [`io::Error`] of the same [kind](Error::kind), from which [`io::Error::downcast`] gets it back.
///
/// ```
/// use std::fs::File;
/// use std::io;
/// use eventp_core::{interest, Error, Eventp};
///
/// # fn main() -> io::Result<()> {
/// let mut reactor = Eventp::<()>::new()?;
/// let file = File::open("/proc/self/exe")?;
/// let refused = reactor.on(interest().read().with_fd(file), |_| ()).unwrap_err();
/// assert_eq!(refused.kind(), io::ErrorKind::PermissionDenied);
/// let error = refused.downcast::<Error>().unwrap();
/// assert_eq!(error.operation(), "add");
/// assert_eq!(error.io_error().raw_os_error(), Some(1)); // EPERM
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
pub struct Error {
    operation: &'static str,
    key: Option<Key>,
    fd: Option<RawFd>,
    type_name: Option<&'static str>,
    source: io::Error,
}

impl Error {
    /// Of an operation that concerns no one subscriber.
    pub(crate) fn of(operation: &'static str, source: io::Error) -> Self {
        Self { operation, key: None, fd: None, type_name: None, source }
    }

    /// No subscriber has this key.
    pub(crate) fn unknown(operation: &'static str, key: Key) -> Self {
        Self { key: Some(key), ..Self::of(operation, io::ErrorKind::NotFound.into()) }
    }

    /// Of a registered subscriber.
    pub(crate) fn at(operation: &'static str, block: Block, source: io::Error) -> Self {
        let header = block.header();
        // SAFETY: I1: whoever has a `Block` has its header; plain copies are read, no reference is kept.
        let (key, fd) = unsafe { ((*header).key, (*header).fd) };
        Self {
            key: Some(key),
            fd: Some(fd),
            ..Self::of_type(operation, (block.meta().type_name)(), source)
        }
    }

    /// Of an fd that could not be registered.
    pub(crate) fn adding(fd: RawFd, type_name: &'static str, source: io::Error) -> Self {
        Self { fd: Some(fd), ..Self::of_type("add", type_name, source) }
    }

    fn of_type(operation: &'static str, type_name: &'static str, source: io::Error) -> Self {
        Self { type_name: Some(type_name), ..Self::of(operation, source) }
    }

    /// What failed: `add`, `modify`, `delete`, `take`, `get`, `handle` (the handler returned an error), `rebuild` (of the epoll
    /// instance), or `wait`.
    #[must_use]
    pub fn operation(&self) -> &'static str {
        self.operation
    }

    /// The subscriber, if it has or had a key.
    #[must_use]
    pub fn key(&self) -> Option<Key> {
        self.key
    }

    /// The number of the fd, as it was when it was registered.
    #[must_use]
    pub fn fd(&self) -> Option<RawFd> {
        self.fd
    }

    /// The type of the subscriber.
    #[must_use]
    pub fn type_name(&self) -> Option<&'static str> {
        self.type_name
    }

    /// The error itself: the handler's, or the system call's with its errno.
    #[must_use]
    pub fn io_error(&self) -> &io::Error {
        &self.source
    }

    /// The kind, also for errnos that the standard library has no stable kind for.
    ///
    /// `EBADF`, `EINVAL` and `ELOOP` are `InvalidInput`, `EMFILE` and `ENFILE` are `QuotaExceeded`; all others are as in
    /// [`io::Error::kind`].
    #[must_use]
    pub fn kind(&self) -> io::ErrorKind {
        match self.source.raw_os_error() {
            Some(libc::EBADF | libc::EINVAL | libc::ELOOP) => io::ErrorKind::InvalidInput,
            Some(libc::EMFILE | libc::ENFILE) => io::ErrorKind::QuotaExceeded,
            _ => self.source.kind(),
        }
    }

    /// What the errno means here and what to do about it.
    fn remedy(&self) -> Option<&'static str> {
        let errno = self.source.raw_os_error();
        Some(match (self.operation, errno?) {
            ("add", libc::EPERM) => {
                "epoll cannot watch this fd; regular files and directories are always ready and need no reactor"
            }
            ("add", libc::EEXIST) => {
                "this fd is registered already; delete that subscriber first, or register a duplicate of the fd"
            }
            ("add" | "modify" | "rebuild", libc::ENOSPC) => {
                "the limit in `/proc/sys/fs/epoll/max_user_watches` is reached; raise it or delete subscribers"
            }
            ("add", libc::ELOOP) => "this epoll fd would watch itself; break the circle",
            ("modify", libc::ENOENT | libc::EBADF) => {
                "the fd was closed or replaced since it was registered; delete the subscriber and add it again"
            }
            (_, libc::EBADF) => {
                "the fd is closed; keep it open as long as its subscriber is registered"
            }
            (_, libc::EMFILE) => "the process has no fd left; raise `RLIMIT_NOFILE` or close some",
            (_, libc::ENFILE) => "the system has no fd left; raise `/proc/sys/fs/file-max`",
            _ => return None,
        })
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        match (self.fd, self.type_name, self.key) {
            (Some(fd), Some(name), _) => write!(f, " of fd {fd} (`{name}`)")?,
            (_, _, Some(key)) => write!(f, " of key {key}")?,
            _ => {}
        }
        if self.source.kind() == io::ErrorKind::NotFound && self.fd.is_none() && self.key.is_some()
        {
            return f
                .write_str(": no such subscriber; it was removed, or belongs to another reactor");
        }
        write!(f, ": {}", self.source)?;
        match self.remedy() {
            Some(remedy) => write!(f, "; {remedy}"),
            None => Ok(()),
        }
    }
}

impl core::error::Error for Error {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        Some(&self.source)
    }
}

impl From<Error> for io::Error {
    fn from(error: Error) -> Self {
        Self::new(error.kind(), error)
    }
}
