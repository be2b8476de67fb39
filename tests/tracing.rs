//! The feature `tracing`: `cargo test --features tracing --test tracing`.

mod common;

use std::cell::Cell;
use std::collections::BTreeMap;
use std::fmt::Debug;
use std::io::ErrorKind;
use std::os::fd::AsRawFd;
use std::os::unix::net::UnixStream;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use common::{NOW, drain, fire, pair, panics};
use eventp::{Eventp, handler, interest, subscriber};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Level, Metadata, Subscriber};

/// What a span says, by name.
type Fields = BTreeMap<String, String>;

/// Keeps what it is told.
#[derive(Default)]
struct Seen {
    ids: AtomicU64,
    spans: Mutex<Vec<Fields>>,
    /// `enter`, `exit` and what handlers say, in order.
    steps: Mutex<Vec<String>>,
}

#[derive(Clone)]
struct Collector {
    seen: Arc<Seen>,
    level: Level,
}

/// Panics when it is told of the first span: that it is made, that it begins, or that it has ended.
struct Quitter(&'static str);

impl Quitter {
    fn told(&self, of: &'static str, number: u64) {
        assert!(number != 1 || self.0 != of, "as told");
    }
}

impl Subscriber for Quitter {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }

    fn new_span(&self, _: &Attributes<'_>) -> Id {
        let number = SPANS.replace(SPANS.get() + 1);
        self.told("new", number);
        Id::from_u64(number)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, _: &tracing::Event<'_>) {}

    fn enter(&self, id: &Id) {
        self.told("enter", id.into_u64());
    }

    fn exit(&self, id: &Id) {
        self.told("exit", id.into_u64());
    }
}

thread_local! {
    static SPANS: Cell<u64> = const { Cell::new(1) };
}

struct Visitor<'a>(&'a mut Fields);

impl Visit for Visitor<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        self.0.insert(field.name().to_owned(), format!("{value:?}"));
    }
}

impl Subscriber for Collector {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= self.level
    }

    fn max_level_hint(&self) -> Option<tracing::level_filters::LevelFilter> {
        Some(self.level.into())
    }

    fn new_span(&self, span: &Attributes<'_>) -> Id {
        let metadata = span.metadata();
        let mut fields = Fields::new();
        fields.insert("name".into(), metadata.name().into());
        fields.insert("target".into(), metadata.target().into());
        span.record(&mut Visitor(&mut fields));
        self.seen.spans.lock().unwrap().push(fields);
        Id::from_u64(self.seen.ids.fetch_add(1, Ordering::Relaxed) + 1)
    }

    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}

    fn event(&self, event: &tracing::Event<'_>) {
        self.seen.steps.lock().unwrap().push(event.metadata().target().into());
    }

    fn enter(&self, _: &Id) {
        self.seen.steps.lock().unwrap().push("enter".into());
    }

    fn exit(&self, _: &Id) {
        self.seen.steps.lock().unwrap().push("exit".into());
    }
}

/// What is seen of `f` at this level.
fn seen_at(level: Level, f: impl FnOnce()) -> (Vec<Fields>, Vec<String>) {
    let collector = Collector { seen: Arc::default(), level };
    let seen = Arc::clone(&collector.seen);
    tracing::subscriber::with_default(collector, f);
    (seen.spans.lock().unwrap().clone(), seen.steps.lock().unwrap().clone())
}

#[subscriber]
struct Device {
    #[fd(interest = read)]
    control: UnixStream,
    #[fd(interest = read)]
    queues: Vec<UnixStream>,
}

#[handler]
impl Device {
    #[on(control | queues)]
    fn any(&mut self) {
        tracing::info!(target: "in the handler", "called");
        [&self.control].into_iter().chain(&self.queues).for_each(|it| _ = drain(it));
    }
}

#[test]
fn a_handler_runs_in_a_span_that_says_whose_it_is() {
    let (control, _control_peer) = pair();
    let (queue, _queue_peer) = pair();
    let (other, peer) = pair();
    let number = other.as_raw_fd();
    let device = Device { control, queues: vec![queue, other] };
    let mut reactor = Eventp::<()>::new().unwrap();
    let handle = reactor.add(device).unwrap();
    fire(&peer);
    let (spans, steps) = seen_at(Level::TRACE, || assert_eq!(reactor.run_once(NOW).unwrap(), 1));
    let expected = [
        ("event", "readable".to_owned()),
        ("fd", number.to_string()),
        ("field", "\"queues\"".into()),
        ("index", "1".into()),
        ("key", handle.key().to_string()),
        ("name", "handle".into()),
        ("subscriber", "\"tracing::Device\"".into()),
        ("target", "eventp".into()),
    ];
    assert_eq!(spans, [expected.map(|(name, value)| (name.to_owned(), value)).into()]);
    assert_eq!(steps, ["enter", "in the handler", "exit"]);
}

#[test]
fn of_a_subscriber_with_one_fd_no_field_is_said_and_of_one_with_none_no_fd() {
    let (stream, peer) = pair();
    let mut reactor = Eventp::<()>::new().unwrap();
    reactor.on(interest().read().with_fd(stream), |d| _ = drain(d.fd)).unwrap();
    let notifier = reactor.notifier(|_| ()).unwrap();
    fire(&peer);
    let (spans, _) = seen_at(Level::TRACE, || assert_eq!(reactor.run_once(NOW).unwrap(), 1));
    assert!(spans[0].contains_key("fd") && !spans[0].contains_key("field"), "{spans:?}");
    notifier.notify().unwrap();
    let (spans, _) = seen_at(Level::TRACE, || assert_eq!(reactor.run_once(NOW).unwrap(), 1));
    assert!(!spans[0].contains_key("fd") && spans[0].contains_key("key"), "{spans:?}");
}

#[test]
fn who_wants_no_such_level_gets_no_span_and_the_handler_runs_all_the_same() {
    let (stream, peer) = pair();
    let mut reactor = Eventp::<()>::new().unwrap();
    reactor.on(interest().read().with_fd(stream), |_| tracing::info!(target: "it", "ran")).unwrap();
    fire(&peer);
    let (spans, steps) = seen_at(Level::DEBUG, || assert_eq!(reactor.run_once(NOW).unwrap(), 1));
    assert!(spans.is_empty(), "{spans:?}");
    assert_eq!(steps, ["it"]);
}

#[test]
fn a_span_ends_with_its_handler_whether_that_fails_or_panics() {
    let (stream, peer) = pair();
    let mut reactor = Eventp::<()>::new().unwrap();
    let mut calls = 0;
    let source = interest().read().with_fd(stream);
    let handler = move |_: eventp::Dispatch<'_, UnixStream, Eventp>| {
        calls += 1;
        if calls == 1 {
            std::panic::resume_unwind(Box::new("on purpose"));
        }
        Err::<(), _>(ErrorKind::Other.into())
    };
    reactor.on(source, handler).unwrap();
    fire(&peer);
    let (spans, steps) = seen_at(Level::TRACE, || {
        assert!(panics(|| reactor.run_once(NOW)));
        assert!(reactor.run_once(NOW).is_err());
    });
    assert_eq!(spans.len(), 2);
    assert_eq!(steps, ["enter", "exit", "enter", "exit"]);
}

#[test]
fn what_a_handler_answered_is_carried_out_for_its_own_subscriber_though_the_end_of_its_span_panics()
{
    let mut reactor = Eventp::<()>::new().unwrap();
    let ((fails, fails_peer), (leaves, leaves_peer)) = (pair(), pair());
    let edge = interest().read().edge_triggered();
    let failing =
        reactor.on(edge.with_fd(fails), |_| Err::<(), _>(ErrorKind::AddrInUse.into())).unwrap();
    fire(&fails_peer);
    tracing::subscriber::with_default(Quitter("exit"), || {
        assert!(panics(|| reactor.run_once(NOW)))
    });

    let leaving = reactor.on(edge.with_fd(leaves), |mut d| d.reactor.delete(d.key)).unwrap();
    fire(&leaves_peer);
    let mut told = Vec::new();
    for _ in 0..3 {
        if let Err(error) = reactor.run_once(NOW) {
            told.push(error.downcast::<eventp::Error>().unwrap().key());
        }
    }
    assert!(!reactor.contains(leaving));
    assert_eq!(told, [Some(failing)], "and not {leaving:?}, whose handler did not fail");
    assert!(!reactor.contains(failing));
}

#[test]
fn no_event_is_lost_when_who_is_told_of_its_span_panics() {
    for told in ["new", "enter", "exit"] {
        SPANS.set(1);
        let mut reactor = Eventp::<u32>::new().unwrap();
        let ((edge, edge_peer), (once, once_peer)) = (pair(), pair());
        let sources = [
            interest().read().edge_triggered().with_fd(edge),
            interest().read().oneshot().with_fd(once),
        ];
        for source in sources {
            reactor.on(source, |d| *d.state += 1).unwrap();
        }
        fire(&edge_peer);
        fire(&once_peer);
        let mut calls = 0;
        tracing::subscriber::with_default(Quitter(told), || {
            assert!(panics(|| reactor.run_once_with(&mut calls, NOW)));
            common::settle(&mut reactor, &mut calls);
        });
        assert_eq!(calls, 2, "{told}");
    }
}
