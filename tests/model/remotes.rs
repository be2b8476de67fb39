//! What is handed in as other threads would: closures, notifications and stops; and the wishes of destructors, which do the same.

use std::io;
use std::os::fd::{AsRawFd, OwnedFd};
use std::rc::Rc;

use eventp::{Eventp, Notifier, Pinned, Remote};

use super::kernel::Number;
use super::reference::Id;
use super::subscribers::{FIRST, Wish, real_number};
use super::world::World;
use super::{handlers, trace};

impl World {
    fn new_job(&mut self) -> u64 {
        self.next_job += 1;
        self.next_job
    }

    /// The closure of a job: it tells that it runs, and does what a handler could.
    pub fn send_job(remote: &Remote<Self>, job: u64) -> io::Result<()> {
        remote.send(move |world: &mut Self, pinned: Pinned<'_, Eventp<Self>>| {
            handlers::job(job, world, pinned)
        })
    }

    fn is_crowded(&self) -> bool {
        self.model.batches.jobs.len() >= 32
    }

    pub fn send(&mut self) {
        let Some(remote) = self.remote.clone().filter(|_| !self.is_crowded()) else { return };
        let job = self.new_job();
        trace!("send {job}");
        let sent = Self::send_job(&remote, job);
        if self.model.batches.door_is_closed {
            assert_eq!(sent.unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        } else {
            sent.unwrap();
            self.model.batches.send(job);
        }
    }

    /// Notifies, and sends a closure that shows when that was answered.
    pub fn notify(&mut self) {
        let nth = self.program.byte();
        let Some(nth) = usize::from(nth).checked_rem(self.notifiers.len()) else { return };
        let Some((&id, notifier)) = self.notifiers.iter().nth(nth) else { return };
        if self.model.batches.door_is_closed || self.remote.is_none() || self.is_crowded() {
            return;
        }
        trace!("notify {id}");
        match self.next_job % 2 {
            0 => notifier.notify().unwrap(),
            _ => notifier.waker().wake(),
        }
        self.model.batches.notify(id);
        self.send();
    }

    /// A stop from outside, of which a closure shows when it was answered.
    pub fn stop_by_remote(&mut self) {
        let Some(remote) = self.remote.clone() else { return };
        if !self.model.batches.door_is_closed && !self.is_crowded() {
            trace!("stop by remote");
            remote.stop().unwrap();
            self.model.batches.hand_in_stop();
            self.send();
        }
    }

    /// A wish for the next destructor.
    pub fn wish(&mut self) {
        let remote = self.remote.clone();
        let remote = remote.filter(|_| !self.is_crowded() && !self.model.batches.door_is_closed);
        let wish = match (self.program.below(8), remote) {
            (0, _) => self.pick_file().map(|file| Wish::Ring(self.files[&file].as_raw_fd())),
            (1, _) => Some(Wish::Close(real_number(self.number()))),
            (2, Some(remote)) => Some(Wish::Send(remote, self.new_job())),
            (3, Some(remote)) => {
                let notifier = self.notifiers.values().next().cloned();
                notifier.map(|notifier| Wish::Notify(notifier, remote, self.new_job()))
            }
            _ => None,
        };
        self.log.borrow_mut().wish = wish;
    }

    /// A destructor is about to carry out its wish: so does the model.
    pub fn foresee_wish(&mut self) {
        let log = Rc::clone(&self.log);
        let log = log.borrow();
        trace!("wish {:?}", log.wish);
        match &log.wish {
            None => {}
            Some(Wish::Close(number)) => self.model.kernel.close((number - FIRST) as Number),
            Some(Wish::Ring(number)) => {
                let is_it = |file: &OwnedFd| file.as_raw_fd() == *number;
                let file = self.files.iter().find(|(_, fd)| is_it(fd)).map(|(&file, _)| file);
                self.model.kernel.fire(file.unwrap());
            }
            Some(Wish::Send(_, job)) => self.model.batches.send(*job),
            Some(Wish::Notify(notifier, _, job)) => {
                let is_it = |(_, other): &(&Id, &Notifier)| other.key() == notifier.key();
                let id = self.notifiers.iter().find(is_it).map(|(&id, _)| id).unwrap();
                self.model.batches.notify(id);
                self.model.batches.send(*job);
            }
        }
    }
}
