//! One client: lines in, lines out.

use std::io::{self, Read, Write};
use std::net::TcpStream;
use std::time::Duration;

use eventp::{EventpOps, Flow, Interest, Key, Pinned, handler, interest, subscriber};
use socket2::SockRef;

use crate::rooms::{Chat, LOBBY};

/// Who has more than this to read, beside what the kernel holds for them, is cut off: they must not cost the server its memory.
const LONGEST_QUEUE: usize = 64 * 1024;
/// How long a client that is to go may take to read the rest.
const PATIENCE: Duration = Duration::from_secs(10);
const LONGEST_LINE: usize = 1024;
const LONGEST_NAME: usize = 20;

#[subscriber(interest = read)]
pub(crate) struct Client {
    #[fd]
    stream: TcpStream,
    room: String,
    /// Received, and not yet a whole line.
    input: Vec<u8>,
    /// Said to this client, and not yet taken by the kernel.
    queue: Vec<u8>,
    /// In no room any more; goes when the queue is written.
    dismissed: bool,
}

impl Client {
    pub(crate) fn new(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(true)?;
        let (input, queue) = (Vec::new(), Vec::new());
        Ok(Self { stream, room: LOBBY.into(), input, queue, dismissed: false })
    }

    /// Queues a line, and writes what the kernel takes at once. Never waits: nobody is blocked by this client.
    pub(crate) fn send(&mut self, line: &str) {
        self.queue.extend_from_slice(line.as_bytes());
        self.queue.push(b'\n');
        self.write();
    }

    /// The last thing this client is told. What it is behind with goes, up to the line that is half written already.
    pub(crate) fn dismiss(&mut self, reason: &str) {
        self.dismissed = true;
        if self.is_behind() {
            let line = self.queue.iter().position(|&byte| byte == b'\n');
            self.queue.truncate(line.map_or(0, |end| end + 1));
        }
        self.send(&format!("* goodbye: {reason}"));
        // Who does not even read this is not waited for longer: the kernel breaks the connection, and we hear of it as an error.
        let _ = SockRef::from(&self.stream).set_tcp_user_timeout(Some(PATIENCE));
    }

    pub(crate) fn is_behind(&self) -> bool {
        self.queue.len() > LONGEST_QUEUE
    }

    /// What to wait for now. Asking for an interest that is in force already costs no system call.
    pub(crate) fn wanted(&self) -> Interest {
        match (self.dismissed, self.queue.is_empty()) {
            (true, _) => interest().write(),
            (false, true) => interest().read(),
            (false, false) => interest().read().write(),
        }
    }

    fn write(&mut self) {
        while !self.queue.is_empty() {
            match self.stream.write(&self.queue) {
                Ok(written) => drop(self.queue.drain(..written)),
                // Full, or broken; of the latter the reactor tells `lost`, in which the room can be told too.
                Err(_) => break,
            }
        }
    }

    #[cfg(test)]
    pub(crate) fn stream(&self) -> &TcpStream {
        &self.stream
    }

    /// The next whole line, without what could play tricks on the terminals of others.
    fn next_line(&mut self) -> Option<String> {
        let end = self.input.iter().position(|&byte| byte == b'\n')?;
        let line: Vec<u8> = self.input.drain(..=end).collect();
        Some(String::from_utf8_lossy(&line).chars().filter(|it| !it.is_control()).collect())
    }
}

#[handler]
impl Client {
    #[on(error | hangup)]
    fn lost(
        &mut self,
        key: Key,
        chat: &mut Chat,
        mut reactor: Pinned<'_, impl EventpOps<State = Chat>>,
    ) -> Flow {
        chat.leave(&self.room, key, "was lost", &mut reactor);
        Flow::Remove
    }

    #[on(readable)]
    fn hear(
        &mut self,
        key: Key,
        chat: &mut Chat,
        mut reactor: Pinned<'_, impl EventpOps<State = Chat>>,
    ) -> io::Result<Flow> {
        // By somebody whose handler ran just before: this event was in the same batch, and is older than our new interest.
        if self.dismissed {
            return self.rest(key, reactor);
        }
        let mut chunk = [0; 4096];
        match self.stream.read(&mut chunk) {
            Ok(0) => {
                chat.leave(&self.room, key, "has left", &mut reactor);
                self.dismiss("you have hung up"); // it may be a half-close: `nc -N` still reads
            }
            Ok(received) => self.input.extend_from_slice(&chunk[..received]),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Ok(Flow::Keep),
            Err(_) => return Ok(self.lost(key, chat, reactor)),
        }
        while !self.dismissed {
            let Some(line) = self.next_line() else { break };
            self.obey(&line, key, chat, &mut reactor);
        }
        let too_much = if self.is_behind() {
            Some("you do not read what you ask for")
        } else if self.input.len() > LONGEST_LINE {
            Some("your line is too long")
        } else {
            None
        };
        if let (Some(reason), false) = (too_much, self.dismissed) {
            chat.leave(&self.room, key, "was cut off", &mut reactor);
            self.dismiss(reason);
        }
        self.rest(key, reactor)
    }

    #[on(writable)]
    fn speak(&mut self, key: Key, reactor: Pinned<'_, impl EventpOps>) -> io::Result<Flow> {
        self.write();
        self.rest(key, reactor)
    }

    /// The end of a turn: wait for the next, or go.
    fn rest(&self, key: Key, mut reactor: Pinned<'_, impl EventpOps>) -> io::Result<Flow> {
        if self.dismissed && self.queue.is_empty() {
            return Ok(Flow::Remove);
        }
        reactor.modify(key, self.wanted())?;
        Ok(Flow::Keep)
    }

    fn obey(
        &mut self,
        line: &str,
        key: Key,
        chat: &mut Chat,
        reactor: &mut Pinned<'_, impl EventpOps<State = Chat>>,
    ) {
        let (command, name) = line.split_once(' ').unwrap_or((line, ""));
        match command {
            "" if name.is_empty() => {}
            "/quit" => {
                chat.leave(&self.room, key, "has left", reactor);
                self.dismiss("come again");
            }
            "/who" => self.send(&format!("* in {}: {}", self.room, chat.who(&self.room))),
            "/nick" | "/join" if !is_name(name) => {
                self.send("* a name is made of up to 20 letters, digits, - and _");
            }
            "/nick" => {
                let old = chat.nick(&self.room, key).to_owned();
                if chat.rename(&self.room, key, name) {
                    self.say(format!("* {old} is now {name}"), key, chat, reactor);
                    self.send(&format!("* you are now {name}"));
                } else {
                    self.send(&format!("* the name {name} is taken"));
                }
            }
            "/join" => {
                if let Some(member) = chat.leave(&self.room, key, "has left", reactor) {
                    self.room = name.to_owned();
                    chat.enter(name, member, reactor);
                }
                self.send(&format!("* in {name}: {}", chat.who(name)));
            }
            _ if command.starts_with('/') => {
                self.send("* there are /nick NAME, /join ROOM, /who and /quit");
            }
            _ => {
                let nick = chat.nick(&self.room, key);
                self.say(format!("{nick}: {line}"), key, chat, reactor);
            }
        }
    }

    /// Says something to the room, and hears what came of it.
    fn say(
        &mut self,
        line: String,
        key: Key,
        chat: &mut Chat,
        reactor: &mut Pinned<'_, impl EventpOps<State = Chat>>,
    ) {
        for news in chat.tell(&self.room, Some(key), line, reactor) {
            self.send(&news);
        }
    }
}

fn is_name(name: &str) -> bool {
    let is_good = |it: char| it.is_alphanumeric() || it == '-' || it == '_';
    !name.is_empty() && name.chars().count() <= LONGEST_NAME && name.chars().all(is_good)
}
