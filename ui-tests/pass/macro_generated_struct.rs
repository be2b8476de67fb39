//! A struct whose parts come from a `macro_rules!`.
use eventp::{Flow, Register, handler, subscriber};

macro_rules! device {
    ($(#[$meta:meta])* $vis:vis $name:ident { $($field:ident : $ty:ty = $interest:ident),* $(,)? }) => {
        $(#[$meta])*
        #[subscriber]
        $vis struct $name {
            $(#[fd(interest = $interest)] $field: $ty,)*
        }

        #[handler]
        impl $name {
            $(#[on($field)] fn $field(&mut self) -> Flow { Flow::Stop })*
        }
    };
}

device! {
    /// A device.
    pub(crate) Pipe { reader: std::os::unix::net::UnixStream = read, writer: std::os::unix::net::UnixStream = write }
}

fn main() {
    let (reader, writer) = std::os::unix::net::UnixStream::pair().unwrap();
    let mut reactor = eventp::Eventp::new().unwrap();
    Pipe { reader, writer }.register_into(&mut reactor).unwrap();
    reactor.run().unwrap();
    let _ = (Pipe::READER, Pipe::WRITER);
}
