//! A handler is as visible as its function, and one `use` imports both.
mod handlers {
    #[eventp::handler]
    pub(super) fn echo(_stream: &mut std::fs::File) {}

    pub mod inner {
        #[eventp::handler]
        pub(in super::super) fn deep(_stream: &mut std::fs::File) {}
    }

    #[eventp::subscriber]
    pub(super) struct Net {
        #[fd(interest = read)]
        pub(super) rx: std::fs::File,
        #[fd(interest = read, group = later)]
        pub(super) tx: std::fs::File,
    }
}

use handlers::inner::deep;
use handlers::{Net, echo};

#[eventp::handler]
impl Net {
    #[on(rx)]
    fn receive(&mut self) {}

    #[on(tx)]
    fn transmit(&mut self) {}
}

fn main() {
    let mut file = std::fs::File::open("/dev/null").unwrap();
    echo(&mut file);
    deep(&mut file);
    let source = || eventp::interest().with_fd(std::fs::File::open("/dev/null").unwrap());
    let mut reactor = eventp::Eventp::<()>::new().unwrap();
    // A regular file has no readiness: the kernel refuses it.
    assert!(reactor.on(source(), echo::handler).is_ok() || reactor.on(source(), deep::handler).is_err());
    let _ = (Net::RX, Net::LATER);
}
