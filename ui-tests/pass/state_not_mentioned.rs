//! A reactor that is run without a state has none, and nothing else has to say so.
use std::io;
use std::os::unix::net::UnixStream;
use std::time::Duration;

use eventp::{Eventp, Register, handler, interest, subscriber};

const NOW: Option<Duration> = Some(Duration::ZERO);

#[subscriber(interest = write)]
struct Peer {
    #[fd]
    stream: UnixStream,
}

#[handler]
impl Peer {
    #[on(writable)]
    fn ready(&mut self) {
        let _ = self.stream.peer_addr();
    }
}

fn only_run() -> io::Result<()> {
    let mut reactor = Eventp::new()?;
    reactor.on(interest().write().with_fd(UnixStream::pair()?.0), |mut d| d.reactor.stop())?;
    reactor.run()
}

fn run_before_the_closure_looks_into_the_state() -> io::Result<()> {
    let mut reactor = Eventp::new()?;
    assert_eq!(reactor.run_once(NOW)?, 0);
    reactor.on(interest().write().with_fd(UnixStream::pair()?.0), |d| d.state.clone())?;
    assert_eq!(reactor.run_once(NOW)?, 1);
    Ok(())
}

fn with_options() -> io::Result<()> {
    let mut reactor = Eventp::builder().capacity(4).build()?;
    reactor.before_sleep(|_, _| eventp::Sleep::Allow);
    reactor.on_error(|error, _| panic!("{error}"));
    let handle = Peer { stream: UnixStream::pair()?.0 }.register_into(&mut reactor)?;
    assert_eq!(reactor.run_once(NOW)?, 1);
    reactor.take(handle).map(drop)
}

fn by_path() -> io::Result<()> {
    let mut reactor = Eventp::new()?;
    assert_eq!(Eventp::run_once(&mut reactor, NOW)?, 0);
    let turn = <Eventp>::run_once;
    assert_eq!(turn(&mut reactor, NOW)?, 0);
    let mut reactors = [Eventp::new()?, Eventp::new()?];
    reactors.iter_mut().try_for_each(|reactor| reactor.run_once(NOW).map(drop))
}

fn last() -> io::Result<usize> {
    Eventp::new()?.run_once(NOW)
}

fn main() -> io::Result<()> {
    only_run()?;
    run_before_the_closure_looks_into_the_state()?;
    with_options()?;
    by_path()?;
    assert_eq!(last()?, 0);
    Ok(())
}
