//! What happens in run calls, as far as it can be foreseen.
//!
//! It is a monitor: each handler call and each closure of a remote is checked when it happens. A run call may deliver several batches: the rest of
//! one that a panic interrupted, one of triggers, one of the kernel's. When one is over shows in the first call that is not of it, so the model
//! goes on to the next only then, or at the end of the run call; nothing of the program's happens in between. When a batch is over, nothing
//! of it may be missing that was reported of a port that can still be called.
//!
//! In which order the reports of a batch are delivered is not promised. The only thing in a batch that is not seen when it is delivered is the
//! reactor's own eventfd, called the bell, where nothing was handed in.

use super::bell::{Phase, Report, Who};
use super::kernel::{Interest, READABLE};
use super::reference::{Id, Place, Reference, Standing};

impl Reference {
    fn place_of(&self, who: Who) -> Option<Place> {
        match who {
            Who::Port(port) => self.ports.get(&port).map(|port| port.place),
            Who::Notified(id) => Some(Place::one(id)),
        }
    }

    fn can_be_called(&self, report: &Report) -> bool {
        match report.who {
            Who::Port(port) => self.ports.get(&port).is_some_and(|port| port.can_be_called()),
            Who::Notified(id) => self.batches.notified.contains(&id),
        }
    }

    fn must_be_called(&self, report: &Report) -> bool {
        !report.is_optional && self.can_be_called(report)
    }

    fn is_anybody_left(&self) -> bool {
        self.batches.expected.iter().any(|report| self.must_be_called(report))
    }

    /// Whether an event of this subscriber is still to come, for sure or perhaps.
    pub fn is_pending(&self, id: Id) -> (bool, bool) {
        let expected = &self.batches.expected;
        let of_it = |report: &&Report| self.place_of(report.who).is_some_and(|p| p.id == id);
        let is_watched = |report: &Report| match report.who {
            Who::Port(port) => self.ports[&port].is_watched(),
            Who::Notified(_) => true,
        };
        let sure = expected.iter().filter(of_it).any(|report| self.must_be_called(report));
        (sure, expected.iter().filter(of_it).any(is_watched))
    }

    /// A run call begins.
    pub fn begin_turn(&mut self, is_all: bool) {
        let batches = &mut self.batches;
        batches.door_is_closed = false;
        batches.handled = 0;
        batches.began_with_triggers = false;
        batches.phase = match (batches.is_open, is_all) {
            (true, is_all) => Phase::Rest { is_all },
            (false, false) => Phase::Begin,
            (false, true) => Phase::Over,
        };
    }

    /// A run call has returned; says how many events reached a handler.
    pub fn end_turn(&mut self) -> usize {
        while self.next_batch() {}
        if self.batches.began_with_triggers && !self.batches.triggered.is_empty() {
            self.batches.call_attention();
        }
        self.batches.handled
    }

    /// Ends the batch in hand and goes on to the next of the run call, if there is one.
    fn next_batch(&mut self) -> bool {
        if self.batches.is_lost {
            return false;
        }
        let phase = std::mem::replace(&mut self.batches.phase, Phase::Over);
        match phase {
            Phase::Over => return false,
            Phase::Begin => {}
            Phase::Rest { .. } | Phase::Fds | Phase::Triggers => {
                self.finish();
                if self.batches.handled > 0 || phase == Phase::Triggers {
                    return false;
                }
                if self.open_triggers() {
                    return true;
                }
                if phase != (Phase::Rest { is_all: false }) {
                    return false;
                }
            }
        }
        self.batches.began_with_triggers = !self.batches.triggered.is_empty();
        if self.open_triggers() {
            return true;
        }
        self.wait();
        if self.batches.is_open {
            self.batches.phase = Phase::Fds;
            return true;
        }
        self.open_triggers()
    }

    /// One `epoll_wait`.
    fn wait(&mut self) {
        assert!(!self.batches.is_open);
        let reported = self.kernel.wait();
        let batches = &mut self.batches;
        let is_bell_reported = std::mem::take(&mut batches.bell_is_listed);
        if reported.is_empty() && !is_bell_reported {
            return;
        }
        batches.is_open = true;
        batches.serial += 1;
        batches.bell_is_due = is_bell_reported;
        batches.bell_is_awaited = is_bell_reported && !batches.jobs.is_empty();
        for (port, events) in reported {
            let model = self.ports.get(&port).filter(|model| model.standing != Standing::Gone);
            let Some(model) = model else {
                panic!("the kernel reports port {port}, which is free")
            };
            if model.standing == Standing::Stale {
                self.ghost_seen = true;
                continue;
            }
            self.expect(Who::Port(port), events);
        }
    }

    fn expect(&mut self, who: Who, events: u32) {
        let is_again = self.batches.expected.iter().any(|report| report.who == who);
        let is_once = |port| self.ports[&port].interest.once;
        let is_fired = |port| self.ports[&port].fired;
        let is_optional =
            matches!(who, Who::Port(port) if is_once(port) && (is_fired(port) || is_again));
        self.batches.expected.push(Report { who, events, is_optional });
    }

    /// A batch of those that are triggered, every other time.
    fn open_triggers(&mut self) -> bool {
        if self.batches.triggered.is_empty()
            || self.batches.last_triggered.take() == Some(self.batches.serial)
        {
            return false;
        }
        for (place, events) in std::mem::take(&mut self.batches.triggered) {
            let port = self.ports.iter().rfind(|(_, port)| port.place == place);
            if self.batches.notified.contains(&place.id) {
                self.expect(Who::Notified(place.id), events);
            } else if let Some((&port, _)) = port.filter(|(_, port)| port.can_be_called()) {
                self.expect(Who::Port(port), events);
            }
        }
        if self.batches.expected.is_empty() {
            return false;
        }
        self.batches.is_open = true;
        self.batches.serial += 1;
        self.batches.last_triggered = Some(self.batches.serial);
        self.batches.phase = Phase::Triggers;
        true
    }

    /// The batch is over.
    fn finish(&mut self) {
        let batches = &mut self.batches;
        batches.is_open = false;
        batches.bell_is_due = false;
        assert!(!std::mem::take(&mut batches.bell_is_awaited), "what was handed in was forgotten");
        for report in std::mem::take(&mut batches.expected) {
            assert!(!self.must_be_called(&report), "{report:?} was lost: {:?}", self.ports);
        }
        self.tidy();
    }

    /// A handler is called with these events, or with some that are not known.
    pub fn called(&mut self, place: Place, events: Option<u32>) -> Interest {
        loop {
            if self.batches.is_lost {
                return self.ports_interest(place);
            }
            if let Some(nth) = self.find_expected(place, events) {
                let report = self.batches.expected.remove(nth);
                if report.is_optional && self.may_be_over() {
                    self.batches.is_lost = true;
                    return self.ports_interest(place);
                }
                self.batches.handled += 1;
                let Who::Port(port) = report.who else { return Interest::default() };
                let model = self.ports.get_mut(&port).unwrap();
                model.fired = model.interest.once && model.changed != self.batches.serial;
                return model.interest;
            }
            let is_next = self.next_batch();
            assert!(is_next, "{place:?} was called with {events:?}, but not reported");
        }
    }

    fn ports_interest(&self, place: Place) -> Interest {
        self.port_at(place).map_or_else(Interest::default, |port| port.interest)
    }

    /// Whether what is called now need not be of the rest of an interrupted batch, but may be of the next one.
    fn may_be_over(&self) -> bool {
        matches!(self.batches.phase, Phase::Rest { .. })
            && self.batches.handled == 0
            && !self.is_anybody_left()
    }

    fn find_expected(&self, place: Place, events: Option<u32>) -> Option<usize> {
        let is_it = |report: &Report| {
            self.place_of(report.who) == Some(place)
                && events.is_none_or(|events| events == report.events)
                && self.can_be_called(report)
        };
        let expected = &self.batches.expected;
        let sure = expected.iter().position(|report| is_it(report) && !report.is_optional);
        sure.or_else(|| expected.iter().position(is_it))
    }

    /// A closure runs.
    pub fn job_ran(&mut self, job: u64) {
        if self.batches.is_lost {
            return;
        }
        if self.batches.taken.is_empty() {
            self.answer();
        }
        if !self.batches.is_lost {
            assert_eq!(self.batches.taken.pop_front(), Some(job), "in the order of their arrival");
            self.batches.handled += 1;
        }
    }

    /// The bell is answered, as the first closure shows.
    fn answer(&mut self) {
        while !self.batches.bell_is_due {
            assert!(self.next_batch(), "a closure ran though the bell was not reported");
        }
        if !self.batches.bell_is_awaited && self.may_be_over() {
            self.batches.is_lost = true;
            return;
        }
        let batches = &mut self.batches;
        (batches.bell_is_due, batches.bell_is_awaited) = (false, false);
        batches.taken = std::mem::take(&mut batches.jobs);
        batches.is_stopping |= std::mem::take(&mut batches.stop_handed_in);
        for id in std::mem::take(&mut batches.alerts) {
            batches.trigger(Place::one(id), READABLE);
        }
    }

    /// Whether there is something to do: then who nests this reactor has to find it ready.
    pub fn has_something_to_do(&self) -> bool {
        let batches = &self.batches;
        let can_be_called = |place: &Place| {
            batches.notified.contains(&place.id)
                || self.port_at(*place).is_some_and(|port| port.can_be_called())
        };
        batches.is_open && self.is_anybody_left()
            || batches.triggered.iter().any(|(place, _)| can_be_called(place))
            || batches.bell_is_listed
            || self.kernel.would_report()
    }
}
