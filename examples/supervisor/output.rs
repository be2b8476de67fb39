//! What programs say, line by line and with their names; and what the supervisor says itself.
//!
//! In come bytes of a pipe, out go whole lines. Nobody takes more than one chunk per turn and keeps more than one unfinished line, so a
//! program that floods neither starves the others nor costs memory.

use std::io::{self, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

/// What one turn of a pipe moves at most.
const CHUNK: usize = 16 * 1024;
/// A longer line is cut, where the chunk ends.
const LONGEST_LINE: usize = 8 * 1024;
/// How much is looked for in a pipe when its program has ended: more than the kernel gives to a pipe (`/proc/sys/fs/pipe-max-size`).
const LAST_CHUNKS: usize = 1024 * 1024 / CHUNK;

/// Says something in the name of the supervisor. Not `eprintln!`, which panics when nobody listens.
pub(crate) fn log(text: &str) {
    let _ = writeln!(io::stderr(), "supervisor: {text}");
}

/// Where the lines go.
#[derive(Clone, Copy)]
pub(crate) enum Stream {
    Out,
    Err,
}

impl Stream {
    /// Nothing is to be done about somebody who does not want to hear it.
    fn write(self, bytes: &[u8]) {
        let _ = match self {
            Self::Out => io::stdout().write_all(bytes),
            Self::Err => io::stderr().write_all(bytes),
        };
    }
}

/// One pipe of a program. Non-blocking.
pub(crate) struct Output<P> {
    pipe: P,
    to: Stream,
    prefix: String,
    /// Received, and not yet a whole line.
    partial: Vec<u8>,
}

impl<P> AsFd for Output<P>
where
    P: AsFd,
{
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.pipe.as_fd()
    }
}

impl<P: Read> Output<P> {
    pub(crate) fn new(pipe: P, to: Stream, program: &str) -> Self {
        Self { pipe, to, prefix: format!("{program} | "), partial: Vec::new() }
    }

    /// Forwards a chunk; `false` if there is none to come.
    pub(crate) fn forward(&mut self) -> bool {
        self.forward_chunk().unwrap_or_else(|error| error.kind() == io::ErrorKind::WouldBlock)
    }

    fn forward_chunk(&mut self) -> io::Result<bool> {
        let mut chunk = [0; CHUNK];
        let length = self.pipe.read(&mut chunk)?;
        let mut lines = Vec::new();
        for piece in chunk[..length].split_inclusive(|&byte| byte == b'\n') {
            self.partial.extend_from_slice(piece);
            if piece.ends_with(b"\n") || self.partial.len() >= LONGEST_LINE {
                self.end_line(&mut lines);
            }
        }
        self.to.write(&lines);
        Ok(length > 0)
    }

    /// Forwards what is left in the pipe, and the last line even if it is not finished.
    pub(crate) fn finish(mut self) {
        let mut chunks = 0;
        while chunks < LAST_CHUNKS && matches!(self.forward_chunk(), Ok(true)) {
            chunks += 1;
        }
        if !self.partial.is_empty() {
            let mut line = Vec::new();
            self.end_line(&mut line);
            self.to.write(&line);
        }
    }

    fn end_line(&mut self, lines: &mut Vec<u8>) {
        lines.extend_from_slice(self.prefix.as_bytes());
        lines.append(&mut self.partial);
        if !lines.ends_with(b"\n") {
            lines.push(b'\n');
        }
    }
}
