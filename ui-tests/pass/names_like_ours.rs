//! Names of the user's that the expansion uses as well.
#![allow(dead_code, non_camel_case_types)]

mod std {}
mod core {}
mod eventp_core {}
struct Option;
struct Result;
struct Ok;
struct Some;
struct Ep;
struct Fd;
struct Flow;
trait AsFd {}
trait Handler {}
trait EventpOps {}

#[::eventp::subscriber]
struct Net {
    #[fd(interest = read)]
    fd: ::std::fs::File,
    #[fd(interest = read)]
    each: ::std::fs::File,
}

#[::eventp::handler]
impl Net {
    #[on(fd)]
    fn fd(&mut self, state: &mut Ep) {
        let _ = state;
    }

    #[on(each)]
    fn each(&mut self) -> ::std::io::Result<()> {
        ::std::result::Result::Ok(())
    }
}

#[::eventp::handler]
fn dispatch(fd: &mut Fd, state: &mut Ep) {
    let _ = (fd, state);
}

fn main() {
    dispatch(&mut Fd, &mut Ep);
}
