//! The value of `interest = ..`: tokens to an interest that `epoll_ctl(2)` accepts.
//!
//! In come the tokens after `=`, out goes an [`Interest`]. What must stay true: the exclusive form holds only flags that go with
//! `EPOLLEXCLUSIVE`, and no flag stands twice.

use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::ToTokens;

use crate::diag::{Diag, Words, list};
use crate::spell::spell;
use crate::tokens;

/// A first interest.
pub(crate) enum Interest {
    /// Flags by their names in the builder.
    Plain(Vec<Ident>),
    /// The flags beside `exclusive`.
    Exclusive(Vec<Ident>),
    /// That in an eventfd which is never read.
    Doorbell,
    /// The expression after `const`.
    Const(TokenStream),
}

/// The flags that ask for an event, each with its name, in the order of the bits.
pub(crate) const ASKING: [(&str, &str); 3] =
    [("read", "readable"), ("priority", "priority"), ("write", "writable")];

impl Interest {
    /// The bits of those that are known to be in it, as in `epoll_ctl(2)`.
    pub(crate) fn asks(&self) -> u32 {
        let flags = ASKING.iter().enumerate().filter(|(_, (flag, _))| self.has(flag));
        flags.fold(0, |bits, (bit, _)| bits | 1 << bit)
    }

    /// Whether the flag is known to be in it.
    pub(crate) fn has(&self, flag: &str) -> bool {
        match self {
            Self::Plain(flags) | Self::Exclusive(flags) => flags.iter().any(|it| it == flag),
            Self::Doorbell | Self::Const(_) => false,
        }
    }
}

const FLAGS: Words = Words {
    words: &[
        "read",
        "write",
        "read_hangup",
        "priority",
        "edge_triggered",
        "oneshot",
        "exclusive",
        "wakeup",
        "doorbell",
        "none",
    ],
    aliases: &[
        ("in", "read"),
        ("readable", "read"),
        ("out", "write"),
        ("writable", "write"),
        ("pri", "priority"),
        ("prio", "priority"),
        ("rdhup", "read_hangup"),
        ("hup", "read_hangup"),
        ("hangup", "read_hangup"),
        ("read_closed", "read_hangup"),
        ("et", "edge_triggered"),
        ("edge", "edge_triggered"),
        ("one_shot", "oneshot"),
        ("bell", "doorbell"),
        ("empty", "none"),
    ],
};

/// What the kernel accepts beside `EPOLLEXCLUSIVE`, see `epoll_ctl(2)`.
const WITH_EXCLUSIVE: &[&str] = &["read", "write", "edge_triggered", "wakeup"];

/// What stands for a whole interest.
const ALONE: &[&str] = &["none", "doorbell"];

/// What to write in place of a flag that stands alone.
pub(crate) fn remedy(key: &str) -> Option<String> {
    is_flag(key).then(|| format!("write `interest = {key}`"))
}

/// Whether an option that nobody knows was to be the interest, so that nobody has to hear that this is missing as well.
pub(crate) fn is_meant_by(key: &str, options: &Words) -> bool {
    is_flag(key) || options.closest(key) == Some("interest")
}

/// Whether the word is one that can stand after `interest =`.
pub(crate) fn is_flag(word: &str) -> bool {
    FLAGS.words.contains(&word)
}

/// Lowers what stands after `=`; `whole` is the option, for errors about what is not there.
pub(crate) fn lower(
    value: TokenStream,
    whole: &impl ToTokens,
    diag: &mut Diag,
) -> Option<Interest> {
    let value: Vec<TokenTree> = value.into_iter().collect();
    match value.split_first() {
        None => {
            diag.error(whole, "missing interest; write `interest = read`, or `interest = none`");
            None
        }
        Some((TokenTree::Ident(word), rest)) if word == "const" => {
            if rest.is_empty() {
                diag.error(word, "missing expression; write `interest = const EXPR`");
                return None;
            }
            Some(Interest::Const(rest.iter().cloned().collect()))
        }
        Some(_) => lower_flags(parse_flags(&value, diag)?, diag),
    }
}

/// The words between the `|`s.
fn parse_flags(value: &[TokenTree], diag: &mut Diag) -> Option<Vec<Ident>> {
    let mut flags = Vec::new();
    let mut complete = true;
    let mut last = None;
    for piece in value.split(|token| tokens::is_punct(Some(token), '|')) {
        match piece {
            [TokenTree::Ident(flag)] => {
                last = Some(flag);
                flags.push(flag.clone());
            }
            [] => {
                complete = false;
                let near = last.map_or_else(|| value[0].clone(), |flag| flag.clone().into());
                diag.error(near, "expected an interest flag on each side of `|`");
            }
            piece => {
                complete = false;
                let piece: TokenStream = piece.iter().cloned().collect();
                diag.error(
                    &piece,
                    format!("expected interest flags joined by `|`, found `{}`; an expression needs `const` before it", spell(&piece)),
                );
            }
        }
    }
    complete.then_some(flags)
}

fn lower_flags(flags: Vec<Ident>, diag: &mut Diag) -> Option<Interest> {
    let known = check_known(&flags, diag);
    let unique = check_unique(&flags, diag);
    let allowed = check_exclusion(&flags, diag);
    if !(known && unique && allowed) {
        return None;
    }
    if flags.iter().any(|flag| flag == "doorbell") {
        return Some(Interest::Doorbell);
    }
    let (exclusive, mut flags): (Vec<_>, Vec<_>) =
        flags.into_iter().partition(|flag| flag == "exclusive");
    flags.retain(|flag| flag != "none");
    Some(if exclusive.is_empty() { Interest::Plain(flags) } else { Interest::Exclusive(flags) })
}

fn check_known(flags: &[Ident], diag: &mut Diag) -> bool {
    let mut all = true;
    for flag in flags {
        let name = flag.to_string();
        if !is_flag(&name) {
            all = false;
            diag.error(flag, format!("unknown interest flag `{name}`; {}", FLAGS.remedy(&name)));
        }
    }
    all
}

fn check_unique(flags: &[Ident], diag: &mut Diag) -> bool {
    let mut all = true;
    for (at, flag) in flags.iter().enumerate() {
        if flags[..at].contains(flag) {
            all = false;
            diag.error(flag, format!("duplicate interest flag `{flag}`; remove one"));
        }
    }
    all
}

fn check_exclusion(flags: &[Ident], diag: &mut Diag) -> bool {
    let mut all = true;
    let exclusive = flags.iter().any(|flag| flag == "exclusive");
    for flag in flags {
        let name = flag.to_string();
        let stray = is_flag(&name)
            && !WITH_EXCLUSIVE.contains(&name.as_str())
            && name != "exclusive"
            && !ALONE.contains(&name.as_str());
        if exclusive && stray {
            all = false;
            diag.error(
                flag,
                format!(
                    "`{name}` and `exclusive` are mutually exclusive; `epoll_ctl(2)` accepts only {} beside `exclusive`",
                    list(WITH_EXCLUSIVE, "and")
                ),
            );
        }
    }
    for &alone in ALONE {
        let (alone, others): (Vec<_>, Vec<_>) = flags.iter().partition(|flag| *flag == alone);
        if let (Some(alone), Some(other)) = (alone.first(), others.first()) {
            diag.error(
                alone,
                format!("`{alone}` and `{other}` are mutually exclusive; remove one"),
            );
            return false;
        }
    }
    all
}
