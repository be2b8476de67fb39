//! Items within a function's body.
use std::os::unix::net::UnixStream;

fn main() {
    #[eventp::subscriber(interest = write)]
    struct Local {
        #[fd]
        stream: UnixStream,
    }

    #[eventp::handler]
    impl Local {
        fn handle(&mut self, mut reactor: eventp::Pinned<'_, impl eventp::EventpOps>) {
            let _ = &self.stream;
            reactor.stop();
        }
    }

    #[eventp::handler]
    fn local(_stream: &mut UnixStream) {}

    let (a, b) = UnixStream::pair().unwrap();
    let mut reactor = eventp::Eventp::new().unwrap();
    reactor.add(Local { stream: a }).unwrap();
    reactor.on(eventp::interest().read().with_fd(b), local::handler).unwrap();
    reactor.run().unwrap();
}
