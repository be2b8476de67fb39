//! `examples/chat`, run as a process of its own and talked to over TCP.

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};

use socket2::{Domain, Socket, Type};
use support::{DEADLINE, Server};

/// Somebody with a terminal.
struct Guest {
    stream: BufReader<TcpStream>,
}

impl Guest {
    fn new(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        let mut guest = Self { stream: BufReader::new(stream) };
        assert!(guest.hear().starts_with("* welcome, guest"));
        guest
    }

    /// Comes in and takes a name.
    fn named(server: &Server, name: &str) -> Self {
        let mut guest = Self::new(server.connect());
        guest.rename(name);
        guest
    }

    fn rename(&mut self, name: &str) {
        self.say(&format!("/nick {name}"));
        assert_eq!(self.hear(), format!("* you are now {name}"));
    }

    fn join(&mut self, room: &str, members: &str) {
        self.say(&format!("/join {room}"));
        assert_eq!(self.hear(), format!("* in {room}: {members}"));
    }

    fn say(&mut self, line: &str) {
        self.stream.get_mut().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    /// The next line; empty at the end.
    fn hear(&mut self) -> String {
        let mut line = String::new();
        self.stream.read_line(&mut line).unwrap();
        line.trim_end_matches('\n').to_owned()
    }

    fn hears(&mut self, lines: &[&str]) {
        for line in lines {
            assert_eq!(self.hear(), *line);
        }
    }

    /// What is heard until the server hangs up.
    fn hears_to_the_end(&mut self, lines: &[&str]) {
        self.hears(lines);
        assert_eq!(self.hear(), "");
    }
}

#[test]
fn who_is_in_the_room_hears_and_who_is_in_another_does_not() {
    let server = Server::start("chat");
    let mut ada = Guest::named(&server, "ada");
    ada.join("rust", "ada");
    let mut bob = Guest::named(&server, "bob");
    bob.join("rust", "ada, bob");
    ada.hears(&["* bob has joined"]);
    let mut eve = Guest::named(&server, "eve");

    ada.say("hello");
    bob.hears(&["ada: hello"]);
    bob.say("hello yourself, how are /you");
    ada.hears(&["bob: hello yourself, how are /you"]);
    // The server has one thread: had eve been told, it would have been before this answer.
    eve.join("tea", "eve");

    bob.say("/nick bobby");
    bob.hears(&["* you are now bobby"]);
    ada.hears(&["* bob is now bobby"]);
    bob.join("tea", "bobby, eve");
    ada.hears(&["* bobby has left"]);
    eve.hears(&["* bobby has joined"]);
    ada.say("nobody hears this");
    ada.say("/who");
    ada.hears(&["* in rust: ada"]);
    eve.say("milk?");
    bob.hears(&["eve: milk?"]);

    bob.say("/quit");
    bob.hears_to_the_end(&["* goodbye: come again"]);
    eve.hears(&["* bobby has left"]);
    drop(ada);
    let mut ada = Guest::named(&server, "ada"); // the name is free again
    ada.say("/who");
    ada.hears(&["* in lobby: ada"]);

    let (status, out, err) = server.end("TERM");
    assert_eq!((status.code(), out.as_str(), err.as_str()), (Some(0), "4 guests were here\n", ""));
}

#[test]
fn bad_input_is_answered_and_cannot_play_tricks() {
    let server = Server::start("chat");
    let mut ada = Guest::named(&server, "ada");
    let mut bob = Guest::new(server.connect());
    ada.hears(&["* guest2 has joined"]);
    for name in ["ada", "guest7"] {
        bob.say(&format!("/nick {name}"));
        bob.hears(&[&format!("* the name {name} is taken")]);
    }
    for name in ["", "two words", "<b>", "a-name-of-more-than-twenty"] {
        bob.say(&format!("/nick {name}"));
        bob.hears(&["* a name is made of up to 20 letters, digits, - and _"]);
    }
    bob.say("/shout");
    bob.hears(&["* there are /nick NAME, /join ROOM, /who and /quit"]);
    bob.say("");
    bob.stream.get_mut().write_all(b"\x1b[2Jin pi").unwrap();
    bob.stream.get_mut().write_all(b"eces, \xff, from telnet\r\n").unwrap();
    ada.hears(&["guest2: [2Jin pieces, \u{fffd}, from telnet"]);
    bob.say(&"x".repeat(10_000));
    bob.hears(&["* goodbye: your line is too long"]);
    ada.hears(&["* guest2 was cut off"]);
    ada.say("/who");
    ada.hears(&["* in lobby: ada"]);
}

#[test]
fn what_was_sent_before_a_half_close_is_still_answered() {
    let server = Server::start("chat");
    let mut ada = Guest::named(&server, "ada");
    let mut bob = server.connect();
    bob.write_all(b"/nick bob\nhello\n/who\n").unwrap(); // printf .. | nc -N
    bob.shutdown(Shutdown::Write).unwrap();
    let mut heard = String::new();
    bob.read_to_string(&mut heard).unwrap();
    let last: Vec<_> = heard.lines().skip(1).collect();
    assert_eq!(last, ["* you are now bob", "* in lobby: ada, bob", "* goodbye: you have hung up"]);
    let news = ["* guest2 has joined", "* guest2 is now bob", "bob: hello", "* bob has left"];
    ada.hears(&news);
}

#[test]
fn a_slow_reader_is_cut_off_and_blocks_nobody() {
    let server = Server::start("chat");
    let mut talker = Guest::named(&server, "talker");
    let mut quick = Guest::named(&server, "quick");
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.set_recv_buffer_size(4096).unwrap(); // for the kernel not to be the one with the patience
    socket.connect(&server.address.into()).unwrap();
    let mut slow = Guest::new(socket.into());
    slow.rename("slow");
    quick.hears(&["* guest3 has joined", "* guest3 is now slow"]);
    let before = server.resident_kib();

    // In rounds of less than the longest queue, so that nobody but the slow one can fall behind.
    let line = "x".repeat(1000);
    let said = format!("talker: {line}");
    let news = "* slow was cut off: too slow";
    let mut rounds = 0;
    let mut cut_off = false;
    while !cut_off {
        rounds += 1;
        assert!(rounds < 1000, "50 MB are queued for a client that does not read");
        (0..50).for_each(|_| talker.say(&line));
        for _ in 0..50 {
            let mut heard = quick.hear();
            if heard == news {
                cut_off = true;
                heard = quick.hear();
            }
            assert_eq!(heard, said);
        }
    }
    let growth = server.resident_kib().saturating_sub(before);
    assert!(growth < 4096, "{growth} KiB more for a client that does not read");

    talker.say("/who");
    for line in ["* guest2 has joined", "* guest2 is now quick", "* guest3 has joined"] {
        talker.hears(&[line]);
    }
    talker.hears(&["* guest3 is now slow", news, "* in lobby: quick, talker"]);

    let mut last = String::new();
    loop {
        match slow.hear() {
            end if end.is_empty() => break,
            heard => {
                assert!(heard == said || heard.starts_with("* goodbye"), "{heard}");
                last = heard;
            }
        }
    }
    assert_eq!(last, "* goodbye: you do not read what is said");
}
