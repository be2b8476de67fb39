//! Every way to say an interest.

#![deny(warnings)]

use std::io;
use std::os::unix::net::UnixStream;

use eventp::{Eventp, Exclusive, HasInterest, Interest, exclusive, handler, interest, subscriber};

const SHARED: Interest = interest().read().priority();
const ALONE: Exclusive = exclusive().read();

const fn choose<const READ: bool, const WRITE: bool>() -> Interest {
    let mut chosen = interest();
    if READ {
        chosen = chosen.read();
    }
    if WRITE {
        chosen = chosen.write();
    }
    chosen
}

macro_rules! check {
    ($($name:ident: [$($interest:tt)*] == $expected:expr;)*) => {
        $(
            #[subscriber(interest = $($interest)*)]
            #[allow(dead_code)]
            struct $name { #[fd] stream: UnixStream }
        )*

        fn check_all() -> io::Result<()> {
            $( assert_eq!($name { stream: UnixStream::pair()?.0 }.interest(), Interest::from($expected)); )*
            Ok(())
        }
    };
}

check! {
    Everything: [read | write | read_hangup | priority | edge_triggered | oneshot | wakeup]
        == interest().read().write().read_hangup().priority().edge_triggered().oneshot().wakeup();
    Alone: [exclusive | read | write | edge_triggered | wakeup]
        == exclusive().read().write().edge_triggered().wakeup();
    Nothing: [none] == interest();
    ByConst: [const SHARED] == SHARED;
    ByExclusiveConst: [const ALONE] == ALONE;
    ByExpression: [const SHARED.write()] == SHARED.write();
    ByBlock: [const { SHARED.with(interest().oneshot()) }] == SHARED.oneshot();
    ByCall: [const choose::<true, true>()] == interest().read().write();
}

#[subscriber]
struct OnTheField {
    #[fd(interest = read | oneshot)]
    stream: UnixStream,
}

#[handler]
impl OnTheField {
    fn handle(&mut self) {
        let _ = &self.stream;
    }
}

fn main() -> io::Result<()> {
    check_all()?;
    let on_the_field = OnTheField { stream: UnixStream::pair()?.0 };
    assert_eq!(on_the_field.interest(), interest().read().oneshot());

    // Conditional building.
    let mut wanted = interest().read();
    if std::env::args().count() > 0 {
        wanted = wanted.write();
    }
    let mut reactor = Eventp::<()>::new()?;
    let key = reactor.on(wanted.with_fd(UnixStream::pair()?.0), |_| ())?;
    reactor.modify(key, if wanted.is_write() { interest().read() } else { interest() })?;
    Ok(())
}
