//! The state of a public handler may be private: only a warning of rustc's.
#![deny(private_interfaces)]

pub mod server {
    struct Server;

    #[eventp::handler]
    pub fn accept(_fd: &mut std::fs::File, state: &mut Server) {
        let _ = state;
    }
}

fn main() {}
