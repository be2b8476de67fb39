//! Raw identifiers wherever a name can stand.

#![deny(warnings)]

use std::io;
use std::os::unix::net::UnixStream;

use eventp::{Event, Eventp, Register, handler, interest, subscriber};

#[allow(non_camel_case_types)]
struct r#struct;

#[allow(non_camel_case_types)]
#[subscriber(interest = read)]
struct r#type {
    #[fd]
    r#in: UnixStream,
}

#[handler]
impl r#type {
    #[on(readable)]
    fn r#match(&mut self, r#move: Event, r#ref: &mut r#struct) {
        let _ = (&self.r#in, r#move, r#ref);
    }
}

#[handler]
fn r#loop(r#fn: &mut UnixStream, state: &mut r#struct) {
    let _ = (r#fn, state);
}

fn main() -> io::Result<()> {
    let mut reactor = Eventp::<r#struct>::new()?;
    let (ours, theirs) = UnixStream::pair()?;
    r#type { r#in: ours }.register_into(&mut reactor)?;
    reactor.on(interest().read().with_fd(theirs), r#loop::handler)?;
    Ok(())
}
