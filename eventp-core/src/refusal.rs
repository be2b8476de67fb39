//! Why an operation is refused without asking the kernel: the words, which the reactor and the test reactor share.
//!
//! Out goes the `io::Error` that becomes the source of an [`Error`](crate::Error): what is wrong, and the remedy after `;`.

use std::io::{Error, ErrorKind};

use crate::interest::Interest;

macro_rules! refusals {
    ($($name:ident: $kind:ident, $text:literal;)*) => {
        $(
            #[cold]
            pub(crate) fn $name() -> Error {
                Error::new(ErrorKind::$kind, $text)
            }
        )*
    };
}

refusals! {
    which_port: InvalidInput, "its ports are named by their fields; say which: `key.port(Type::FIELD)`";
    none_armed: NotFound, "none of these ports is armed; arm them first";
    armed_already: AlreadyExists, "it is armed already; disarm it first";
    always_armed: InvalidInput, "it has one fd, which is armed as long as it is registered";
    never_disarmed: InvalidInput, "it has one fd; delete the subscriber instead";
    no_such_field: InvalidInput, "the subscriber has no such field";
    not_to_trigger: InvalidInput, "it is not armed, or has fired its one shot; `modify` or `arm` it first";
    running: ResourceBusy, "its own handler is running and has it as `&mut self` already";
    still_to_come: ResourceBusy, "an event of an interrupted batch is still to come; make a run call first";
    exclusive: InvalidInput, "an exclusive registration cannot be modified, nor one made exclusive (`epoll_ctl(2)`); delete it and add it again";
}

/// Refuses what `epoll_ctl(2)` does, in our words.
pub(crate) fn check_exclusive(current: Interest, wanted: Interest) -> Result<(), Error> {
    if current.is_exclusive() || wanted.is_exclusive() { Err(exclusive()) } else { Ok(()) }
}
