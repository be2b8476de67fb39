//! What went wrong, with which fd, in which operation.
//!
//! In comes an errno of the kernel or an error of a handler; out goes an [`Error`] that names the operation, the fd and the type,
//! and says what to do. It turns into an [`io::Error`] whose kind is stable.

use core::fmt;
use std::io;
use std::os::fd::RawFd;

use crate::engine::Wanted;
use crate::header::{Block, Header, Meta};
use crate::key::Key;

/// An error with its place: the operation, and the subscriber and the fd that it concerns.
///
/// The reactor's error hook gets it as it is ([`Eventp::on_error`](crate::Eventp::on_error)). Operations and run calls return it as an
/// [`io::Error`] of the same [kind](Error::kind), from which [`io::Error::downcast`] gets it back.
///
/// ```
/// use std::fs::File;
/// use std::io;
/// # use eventp_core as eventp;
/// use eventp::{interest, Error, Eventp};
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
pub struct Error {
    operation: &'static str,
    key: Option<Key>,
    fd: Option<RawFd>,
    type_name: Option<&'static str>,
    field: Option<&'static str>,
    source: io::Error,
}

impl Error {
    /// Of an operation that concerns no one subscriber.
    pub(crate) fn of(operation: &'static str, source: io::Error) -> Self {
        Self { operation, key: None, fd: None, type_name: None, field: None, source }
    }

    /// No subscriber has this key.
    pub(crate) fn unknown(operation: &'static str, key: Key) -> Self {
        Self { key: Some(key), ..Self::of(operation, io::ErrorKind::NotFound.into()) }
    }

    /// Of a registered subscriber.
    pub(crate) fn at(operation: &'static str, key: Key, block: Block, source: io::Error) -> Self {
        let type_name = Some((block.meta().type_name)());
        Self { key: Some(key), type_name, ..Self::of(operation, source) }
    }

    /// Of a port of a registered subscriber.
    pub(crate) fn at_port(
        operation: &'static str,
        block: Block,
        header: *mut Header,
        source: io::Error,
    ) -> Self {
        // SAFETY: I1: the header of a registered subscriber, or of one that was running until now; a plain copy is read.
        let header = unsafe { *header };
        let at = Self::at(operation, header.key, block, source);
        at.with_fd(header.fd, block.meta(), header.field)
    }

    /// Of a port that could not be armed.
    pub(crate) fn wanting(
        operation: &'static str,
        key: Key,
        block: Block,
        wanted: &Wanted,
        source: io::Error,
    ) -> Self {
        let at = Self::at(operation, key, block, source);
        at.with_fd(wanted.fd, block.meta(), wanted.port.field)
    }

    /// Of a subscriber that could not be registered.
    pub(crate) fn adding(fd: RawFd, meta: &Meta, field: u8, source: io::Error) -> Self {
        let type_name = Some((meta.type_name)());
        Self { type_name, ..Self::of("add", source) }.with_fd(fd, meta, field)
    }

    fn with_fd(self, fd: RawFd, meta: &Meta, field: u8) -> Self {
        if fd == -1 {
            return self;
        }
        let field = meta.fields.get(usize::from(field)).filter(|_| meta.near.is_none());
        Self { fd: Some(fd), field: field.map(|field| field.name), ..self }
    }

    /// Of a subscriber of this type, in the test reactor.
    #[cfg(feature = "mock")]
    pub(crate) fn naming(
        operation: &'static str,
        key: Option<Key>,
        type_name: Option<&'static str>,
        source: io::Error,
    ) -> Self {
        Self { key, type_name, ..Self::of(operation, source) }
    }

    /// Of this fd, in the test reactor.
    #[cfg(feature = "mock")]
    pub(crate) fn at_fd(self, fd: RawFd, field: Option<&'static str>) -> Self {
        if fd == -1 {
            return self;
        }
        Self { fd: Some(fd), field, ..self }
    }

    /// What failed: `create`, `add`, `arm`, `disarm`, `modify`, `delete`, `trigger`, `interest`, `take`, `get`, `handle` (the handler returned an error),
    /// `remote` (or a closure of one), `readiness`, `rebuild` (of the epoll instance), `spin` (see [`on_error`](crate::Eventp::on_error)), or `wait`; of a [`Timer`](crate::Timer), [`Signals`](crate::Signals), [`Child`](crate::Child) or [`Doorbell`](crate::Doorbell), the name of the system call.
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

    /// The field that holds the fd, if the subscriber has several.
    #[must_use]
    pub fn field(&self) -> Option<&'static str> {
        self.field
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
            ("add" | "arm", libc::EPERM) => {
                "epoll cannot watch this fd; regular files and directories are always ready and need no reactor"
            }
            ("add" | "arm", libc::EEXIST) => {
                "this fd is registered already; delete that subscriber first, or register a duplicate of the fd"
            }
            ("add" | "arm" | "modify" | "rebuild", libc::ENOSPC) => {
                "the limit in `/proc/sys/fs/epoll/max_user_watches` is reached; raise it or delete subscribers"
            }
            ("add" | "arm", libc::ELOOP) => "this epoll fd would watch itself; break the circle",
            ("modify", libc::ENOENT | libc::EBADF) => {
                "the fd was closed or replaced since it was registered; delete the subscriber and add it again"
            }
            (
                "timerfd_create" | "timerfd_settime" | "timerfd_gettime",
                libc::EPERM | libc::ENOSYS,
            )
            | ("signalfd4" | "rt_sigprocmask", libc::EPERM | libc::ENOSYS)
            | ("waitid", libc::EPERM | libc::ENOSYS) => {
                "a seccomp filter refuses this call; allow it there"
            }
            ("pidfd_open" | "pidfd_send_signal", libc::ENOSYS) => {
                "this call needs Linux 5.3 or later, and a seccomp filter that allows it"
            }
            ("pidfd_open", libc::EPERM) => "a seccomp filter refuses this call; allow it there",
            ("pidfd_send_signal", libc::EPERM) => {
                "the child runs as another user, or a seccomp filter refuses this call; allow it there"
            }
            ("pidfd_send_signal", libc::EINVAL) => "there is no such signal; see `signal(7)`",
            ("waitid", libc::EINVAL) => "to wait by a pidfd needs Linux 5.4 or later",
            ("waitid", libc::ECHILD) => {
                "somebody else has waited for the child; let nobody `waitpid` for any child, and do not ignore `SIGCHLD`"
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

/// The text that it is displayed with: what a `main` that returns it prints.
impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Error").field(&format_args!("{self}")).finish()
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.operation)?;
        match (self.fd, self.type_name, self.key, self.field) {
            (Some(fd), Some(name), _, None) => write!(f, " of fd {fd} (`{name}`)")?,
            (Some(fd), Some(name), _, Some(field)) => {
                write!(f, " of fd {fd} (`{name}`, field `{field}`)")?
            }
            (_, Some(name), Some(key), _) => write!(f, " of key {key} (`{name}`)")?,
            (_, None, Some(key), _) => write!(f, " of key {key}")?,
            _ => {}
        }
        if self.source.kind() == io::ErrorKind::NotFound
            && self.type_name.is_none()
            && self.key.is_some()
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
