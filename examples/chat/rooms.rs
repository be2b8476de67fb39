//! The state: who is in which room, under which name.

use std::collections::BTreeMap;
use std::time::Instant;

use eventp::{EventpOps, Handle, Key, Pinned};

use crate::client::Client;

/// Where everybody starts.
pub(crate) const LOBBY: &str = "lobby";

#[derive(Default)]
pub(crate) struct Chat {
    pub(crate) guests: u64,
    /// Set while the door does not look who is there.
    pub(crate) open_door_at: Option<Instant>,
    rooms: BTreeMap<String, BTreeMap<Key, Member>>,
}

/// Somebody in a room.
pub(crate) struct Member {
    pub(crate) client: Handle<Client>,
    pub(crate) nick: String,
}

impl Chat {
    /// Brings a new client into the lobby.
    pub(crate) fn welcome(
        &mut self,
        client: Handle<Client>,
        reactor: &mut Pinned<'_, impl EventpOps<State = Chat>>,
    ) {
        self.guests += 1;
        let member = Member { client, nick: format!("guest{}", self.guests) };
        let hello =
            format!("* welcome, {}; there are /nick NAME, /join ROOM, /who and /quit", member.nick);
        deliver(&member, &hello, reactor);
        self.enter(LOBBY, member, reactor);
    }

    /// Adds a member to a room, and tells those who are there.
    pub(crate) fn enter(
        &mut self,
        room: &str,
        member: Member,
        reactor: &mut Pinned<'_, impl EventpOps<State = Chat>>,
    ) {
        self.tell(room, None, format!("* {} has joined", member.nick), reactor);
        self.rooms.entry(room.to_owned()).or_default().insert(member.client.key(), member);
    }

    /// Takes a member out of a room, and tells those who stay.
    pub(crate) fn leave(
        &mut self,
        room: &str,
        key: Key,
        how: &str,
        reactor: &mut Pinned<'_, impl EventpOps<State = Chat>>,
    ) -> Option<Member> {
        let member = self.rooms.get_mut(room)?.remove(&key)?;
        self.tell(room, None, format!("* {} {how}", member.nick), reactor);
        if self.rooms.get(room).is_some_and(BTreeMap::is_empty) {
            self.rooms.remove(room);
        }
        Some(member)
    }

    /// Sends a line to a room, but not to `speaker`, whose handler is running: it has itself as `&mut self` already. The answer is
    /// what came of it and is for the speaker to know: who was cut off for not reading.
    pub(crate) fn tell(
        &mut self,
        room: &str,
        speaker: Option<Key>,
        line: String,
        reactor: &mut Pinned<'_, impl EventpOps<State = Chat>>,
    ) -> Vec<String> {
        let mut lines = vec![line];
        let mut told = 0;
        // Not recursive: the news that somebody was cut off may be the last straw for somebody else.
        while let (Some(line), Some(members)) = (lines.get(told).cloned(), self.rooms.get_mut(room))
        {
            members.retain(|&key, member| {
                let stays = Some(key) == speaker || deliver(member, &line, reactor);
                if !stays {
                    lines.push(format!("* {} was cut off: too slow", member.nick));
                }
                stays
            });
            told += 1;
        }
        lines.split_off(1)
    }

    pub(crate) fn nick(&self, room: &str, key: Key) -> &str {
        self.rooms.get(room).and_then(|members| members.get(&key)).map_or("?", |it| &it.nick)
    }

    /// Gives a member another name; `false` if somebody has it, or a guest to come will.
    pub(crate) fn rename(&mut self, room: &str, key: Key, nick: &str) -> bool {
        let mut members = self.rooms.values().flat_map(BTreeMap::values);
        if nick.starts_with("guest") || members.any(|it| it.nick == nick) {
            return false;
        }
        let member = self.rooms.get_mut(room).and_then(|members| members.get_mut(&key));
        member.map(|it| it.nick = nick.to_owned()).is_some()
    }

    /// The names in a room.
    pub(crate) fn who(&self, room: &str) -> String {
        let members = self.rooms.get(room).into_iter().flat_map(BTreeMap::values);
        let mut nicks: Vec<_> = members.map(|it| it.nick.as_str()).collect();
        nicks.sort_unstable();
        nicks.join(", ")
    }
}

/// Hands a line to a client other than the one whose handler is running; `false` if it is to leave the room.
fn deliver(member: &Member, line: &str, reactor: &mut Pinned<'_, impl EventpOps>) -> bool {
    let Ok(client) = reactor.get_mut(member.client) else { return false };
    client.send(line);
    let keeps_up = !client.is_behind();
    if !keeps_up {
        client.dismiss("you do not read what is said");
    }
    // From here on it is the client's own handler that writes, when there is room.
    let wanted = client.wanted();
    reactor.modify(member.client, wanted).is_ok() && keeps_up
}
