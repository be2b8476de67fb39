//! Rooms without epoll: clients in a test reactor, with sockets of which only the other ends are read.

use std::io::Read;
use std::net::TcpStream;

use eventp::{Handle, MockEventp, Operation, event, pinned};

use super::*;

/// A chat and a way in.
struct Fixture {
    reactor: MockEventp<Chat>,
    chat: Chat,
    listener: TcpListener,
}

/// Somebody who listens.
struct Guest {
    stream: TcpStream,
    client: Handle<Client>,
}

impl Fixture {
    fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self { reactor: MockEventp::new(), chat: Chat::default(), listener }
    }

    fn guest(&mut self) -> Guest {
        let stream = TcpStream::connect(self.listener.local_addr().unwrap()).unwrap();
        stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
        let (theirs, _) = self.listener.accept().unwrap();
        let client = self.reactor.add(Client::new(theirs).unwrap()).unwrap();
        self.chat.welcome(client, &mut pinned!(self.reactor));
        let mut guest = Guest { stream, client };
        assert!(guest.hear().starts_with("* welcome, guest"));
        guest
    }

    /// Has the server hear a line.
    fn say(&mut self, guest: &mut Guest, line: &str) {
        guest.stream.write_all(format!("{line}\n").as_bytes()).unwrap();
        let arrived = |stream: &TcpStream| stream.peek(&mut [0]).is_ok();
        let client = self.reactor.get(guest.client).unwrap();
        while !arrived(client.stream()) {}
        self.reactor.fire_with(&mut self.chat, guest.client, event().readable()).unwrap();
    }
}

impl Guest {
    /// The next line.
    fn hear(&mut self) -> String {
        let mut line = Vec::new();
        while line.last() != Some(&b'\n') {
            let mut byte = [0];
            self.stream.read_exact(&mut byte).unwrap();
            line.extend(byte);
        }
        line.pop();
        String::from_utf8(line).unwrap()
    }
}

#[test]
fn what_one_says_the_others_hear() {
    let mut it = Fixture::new();
    let (mut one, mut two) = (it.guest(), it.guest());
    assert_eq!(one.hear(), "* guest2 has joined");
    it.say(&mut two, "hello");
    it.say(&mut one, "/who");
    assert_eq!(one.hear(), "guest2: hello");
    assert_eq!(one.hear(), "* in lobby: guest1, guest2");
    it.say(&mut two, "/who");
    assert_eq!(two.hear(), "* in lobby: guest1, guest2", "and not one's own words");
}

#[test]
fn who_is_gone_is_told_nothing_and_leaves_the_room() {
    let mut it = Fixture::new();
    let (mut one, two) = (it.guest(), it.guest());
    it.reactor.delete(two.client).unwrap();
    it.say(&mut one, "anybody there?");
    it.say(&mut one, "/who");
    assert_eq!(one.hear(), "* guest2 has joined");
    assert_eq!(one.hear(), "* guest2 was cut off: too slow");
    assert_eq!(one.hear(), "* in lobby: guest1");
}

#[test]
fn who_cannot_be_watched_any_more_leaves_the_room_and_the_speaker_stays() {
    let mut it = Fixture::new();
    let (mut one, _two) = (it.guest(), it.guest());
    it.reactor.take_operations();
    it.reactor.fail_next(std::io::ErrorKind::NotFound.into());
    it.say(&mut one, "hello");
    let operations = it.reactor.take_operations();
    assert!(matches!(operations[0], Operation::Modify { error: Some(_), .. }), "{operations:?}");
    it.say(&mut one, "/who");
    let heard = [one.hear(), one.hear(), one.hear()];
    assert_eq!(heard[2], "* in lobby: guest1");
    assert_eq!(it.reactor.len(), 2);
}

#[test]
fn a_reset_is_told_to_the_room() {
    let mut it = Fixture::new();
    let (mut one, two) = (it.guest(), it.guest());
    it.reactor.fire_with(&mut it.chat, two.client, event().error().hangup()).unwrap();
    assert!(!it.reactor.contains(two.client));
    assert_eq!(one.hear(), "* guest2 has joined");
    assert_eq!(one.hear(), "* guest2 was lost");
}

#[test]
fn who_was_dismissed_in_the_same_batch_goes_without_a_word_of_its_own() {
    let mut it = Fixture::new();
    let (mut one, mut two) = (it.guest(), it.guest());
    two.stream.write_all(b"too late\n").unwrap();
    it.reactor.get_mut(two.client).unwrap().dismiss("no reason");
    it.reactor.fire_with(&mut it.chat, two.client, event().readable()).unwrap();
    assert!(!it.reactor.contains(two.client));
    assert_eq!(two.hear(), "* goodbye: no reason");
    it.say(&mut one, "/quit");
    assert_eq!(one.hear(), "* guest2 has joined");
    assert_eq!(one.hear(), "* goodbye: come again");
    assert!(it.reactor.is_empty());
}
