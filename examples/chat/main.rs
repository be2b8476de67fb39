//! A chat server with rooms, for `nc` and `telnet`: one line in, one line out.
//!
//! ```text
//! cargo run --example chat -- 127.0.0.1:7001
//! nc 127.0.0.1 7001        # in two other terminals: `/nick NAME`, `/join ROOM`, `/who`, `/quit`; all else goes to the room
//! ```
//!
//! The state, [`rooms::Chat`], knows everybody by [`Handle`](eventp::Handle). A client that speaks reaches the others through the
//! reactor, which owns them: no `Rc<RefCell<..>>`, and nobody can be reached who is gone. `tests.rs` tests it without epoll.

#![forbid(unsafe_code)]

mod client;
mod rooms;
#[cfg(test)]
mod tests;

use std::io::{self, Write};
use std::net::TcpListener;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use eventp::{
    Eventp, EventpOps, Flow, Interest, Key, Pinned, Register, Signals, handler, interest,
    subscriber,
};

use crate::client::Client;
use crate::rooms::Chat;

/// How long accepting pauses when there is no fd for another client.
const PAUSE: Duration = Duration::from_millis(100);

#[subscriber(interest = read)]
struct Door {
    #[fd]
    listener: TcpListener,
}

#[handler]
impl Door {
    #[on(readable)]
    fn open(
        &mut self,
        key: Key,
        chat: &mut Chat,
        mut reactor: Pinned<'_, impl EventpOps<State = Chat>>,
    ) -> io::Result<()> {
        loop {
            let Err(error) = self.let_in(chat, &mut reactor) else { continue };
            match error.kind() {
                io::ErrorKind::WouldBlock => return Ok(()),
                io::ErrorKind::ConnectionAborted => {} // somebody did not want to wait any longer
                // Out of fds or memory. Those outside keep the listener readable: look away for a while rather than spin.
                _ => {
                    chat.open_door_at = Some(Instant::now() + PAUSE);
                    return reactor.modify(key, Interest::PAUSED);
                }
            }
        }
    }

    fn let_in(
        &self,
        chat: &mut Chat,
        reactor: &mut Pinned<'_, impl EventpOps<State = Chat>>,
    ) -> io::Result<()> {
        let (stream, _) = self.listener.accept()?;
        let client = Client::new(stream)?.register_into(reactor)?;
        chat.welcome(client, reactor);
        Ok(())
    }
}

fn listen(address: &str) -> Result<TcpListener, String> {
    let bind = || {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    bind().map_err(|error: io::Error| {
        let hint = match error.kind() {
            io::ErrorKind::InvalidInput => "; expected ADDRESS:PORT such as 127.0.0.1:7001",
            _ => "",
        };
        format!("cannot listen on `{address}`: {error}{hint}")
    })
}

fn serve(listener: TcpListener) -> io::Result<()> {
    let address = listener.local_addr()?;
    rlimit::increase_nofile_limit(u64::MAX)?;

    let mut chat = Chat::default();
    let mut reactor = Eventp::<Chat>::new()?;
    reactor.on_error(|error, _chat| eprintln!("chat: {error}"));
    let door = Door { listener }.register_into(&mut reactor)?;

    let signals = Signals::new(&[libc::SIGINT, libc::SIGTERM])?;
    reactor.on(interest().read().with_fd(signals), |_| Flow::Stop)?;

    // Not `println!`, which panics when nobody reads.
    let _ = writeln!(io::stdout(), "listening on {address}");
    while !reactor.is_stopping() {
        let timeout = chat.open_door_at.map(|at| at.saturating_duration_since(Instant::now()));
        reactor.run_once_with(&mut chat, timeout)?;
        if chat.open_door_at.is_some_and(|at| at <= Instant::now()) {
            chat.open_door_at = None;
            reactor.modify(door, interest().read())?;
        }
    }
    let _ = writeln!(io::stdout(), "{} guests were here", chat.guests);
    Ok(())
}

fn main() -> ExitCode {
    let address = std::env::args().nth(1).unwrap_or_else(|| "127.0.0.1:7001".into());
    match listen(&address).and_then(|listener| serve(listener).map_err(|error| error.to_string())) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("chat: {error}");
            ExitCode::FAILURE
        }
    }
}
