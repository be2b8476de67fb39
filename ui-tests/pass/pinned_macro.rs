//! `pinned!` needs nothing imported, and no binding that is `mut` beyond what a borrow needs.

#![no_implicit_prelude]
#![deny(warnings)]
#![forbid(unsafe_code)]

fn stop(mut reactor: ::eventp::Pinned<'_, impl ::eventp::EventpOps>) {
    reactor.stop();
}

fn through_a_reference(reactor: &mut ::eventp::Eventp) {
    stop(::eventp::pinned!(reactor));
    stop(::eventp::pinned!(*reactor));
}

struct Program {
    reactor: ::eventp::Eventp,
}

impl Program {
    fn stop(&mut self) {
        use ::eventp::AsPinned as _; // which is no second import
        stop(::eventp::pinned!(self.reactor));
        stop(self.reactor.as_pinned());
    }
}

fn main() {
    let reactor = ::std::result::Result::unwrap(::eventp::Eventp::new());
    let mut program = Program { reactor };
    program.stop();
    through_a_reference(&mut program.reactor);
    let mut narrow = ::eventp::pinned!(program.reactor);
    stop(::eventp::pinned!(narrow));
    ::std::assert!(::std::result::Result::is_ok(&program.reactor.run()));
}
