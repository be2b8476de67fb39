//! Syntax to the model: a struct with its fds, each with a first interest.
//!
//! In comes what was parsed, out goes a [`Model`] from which code can be written without a further question. What must stay
//! true: every mistake is reported, not only the first.

use syn::Generics;

use super::constants::{self, Constant};
use super::fields::{self, Fd, Marked};
use super::interest::{self, Interest};
use super::parse::{FieldSyntax, Shape, Syntax};
use super::ports::Owner;
use crate::args::{self, Arg};
use crate::diag::{Diag, Words};
use crate::event_names;
use crate::paths::Root;

/// A subscriber.
pub(crate) struct Model<'a> {
    pub(crate) owner: Owner<'a>,
    pub(crate) fds: Fds<'a>,
}

/// How many fds it can have.
pub(crate) enum Fds<'a> {
    /// One, as long as it is registered.
    One(Fd<'a>),
    /// Any number.
    Several(Ports<'a>),
}

/// Several fields, or one with more than one fd or none.
pub(crate) struct Ports<'a> {
    pub(crate) fds: Vec<Fd<'a>>,
    pub(crate) constants: Vec<Constant>,
}

const OPTIONS: Words = Words {
    words: &["interest", "crate"],
    aliases: &[("events", "interest"), ("interests", "interest"), ("flags", "interest")],
};

/// A set of fields is 64 bits.
const MOST: usize = 64;

/// What the attribute's arguments say.
#[derive(Default)]
struct Settings<'a> {
    root: Option<Root>,
    interest: Option<Interest>,
    /// `interest`, be it right or wrong.
    written: Option<&'a Arg>,
    is_broken: bool,
}

/// Lowers the struct, or reports why not.
pub(crate) fn lower<'a>(syntax: &'a Syntax, diag: &mut Diag) -> Option<Model<'a>> {
    let settings = lower_settings(syntax, diag);
    check_lifetimes(&syntax.generics, diag);
    let fields = named_fields(&syntax.shape, diag)?;
    let marked = fields::marked(fields);
    check_marks(syntax, fields, &marked, diag);
    let owner = Owner {
        root: settings.root.clone().unwrap_or_default(),
        vis: &syntax.vis,
        ident: &syntax.ident,
        generics: &syntax.generics,
    };
    let fds = if fields::are_several(&marked) {
        Fds::Several(lower_several(syntax, settings, &marked, diag)?)
    } else {
        Fds::One(lower_one(syntax, settings, marked.first()?, diag)?)
    };
    Some(Model { owner, fds })
}

/// The root for the stand-ins, whatever else is wrong.
pub(crate) fn root(syntax: &Syntax) -> Root {
    lower_settings(syntax, &mut Diag::default()).root.unwrap_or_default()
}

fn lower_settings<'a>(syntax: &'a Syntax, diag: &mut Diag) -> Settings<'a> {
    let is_broken = syntax.attributes.iter().any(|it| it.args.is_broken);
    let mut settings = Settings { is_broken, ..Settings::default() };
    for again in syntax.attributes.iter().skip(1) {
        diag.error(again.attribute.path(), "duplicate `#[subscriber]`; remove one");
    }
    for arg in syntax.attributes.iter().take(1).flat_map(|options| &options.args.list) {
        let key = arg.key.to_string();
        match key.as_str() {
            "interest" if settings.written.is_some() => duplicate(arg, diag),
            "interest" => {
                settings.written = Some(arg);
                settings.interest =
                    interest::lower(arg.value.clone().unwrap_or_default(), arg, diag);
            }
            "crate" if settings.root.is_some() => duplicate(arg, diag),
            "crate" => settings.root = args::lower_root(arg, diag),
            _ if interest::is_flag(&key) && settings.written.is_some() => diag.error(
                &arg.key,
                format!("unknown option `{key}`; interest flags are joined by `|`"),
            ),
            _ => {
                settings.is_broken |= interest::is_meant_by(&key, &OPTIONS);
                let remedy = interest::remedy(&key).unwrap_or_else(|| OPTIONS.remedy(&key));
                diag.error(&arg.key, format!("unknown option `{key}`; {remedy}"));
            }
        }
    }
    settings
}

fn duplicate(arg: &Arg, diag: &mut Diag) {
    diag.error(&arg.key, format!("duplicate option `{}`; remove one", arg.key));
}

fn check_lifetimes(generics: &Generics, diag: &mut Diag) {
    for parameter in generics.lifetimes() {
        diag.error(
            &parameter.lifetime,
            format!(
                "a subscriber must be `'static` in order to be owned by the reactor; remove `{}`, or hold what it borrows by value or in an `Rc`",
                parameter.lifetime
            ),
        );
    }
}

fn named_fields<'a>(shape: &'a Shape, diag: &mut Diag) -> Option<&'a [FieldSyntax]> {
    match shape {
        Shape::Struct(fields) => return Some(fields),
        Shape::Nameless(kind, tokens) => diag.error(
            tokens,
            format!("expected a struct with named fields, found a {kind} struct; name the fields and mark the fd with `#[fd]`"),
        ),
        Shape::NoStruct(keyword, tokens) => diag.error(
            tokens,
            format!("`#[subscriber]` may only be used on a struct, found `{keyword}`; put the {keyword} into a field of one"),
        ),
    }
    None
}

fn check_marks(syntax: &Syntax, fields: &[FieldSyntax], marked: &[Marked<'_>], diag: &mut Diag) {
    if marked.is_empty() {
        diag.error(&syntax.ident, "missing `#[fd]`; mark the field that holds the fd with it");
    }
    for again in fields.iter().flat_map(|field| field.fds.iter().skip(1)) {
        diag.error(&again.attribute, "duplicate `#[fd]`; remove one");
    }
    if let Some(excess) = marked.get(MOST) {
        diag.error(
            excess.ident,
            format!("a subscriber may only have {MOST} `#[fd]` fields; join some in a `Vec`, or split the struct"),
        );
    }
    let is_several = fields::are_several(marked);
    marked.iter().for_each(|marked| check_name(marked, is_several, diag));
}

/// A method says `#[on(field)]` as it says `#[on(event)]`, so the two share their names.
fn check_name(marked: &Marked<'_>, is_several: bool, diag: &mut Diag) {
    let name = marked.ident.to_string();
    match event_names::taken_for(&name) {
        Some(event) if event == name => diag.error(
            marked.ident,
            format!("an `#[fd]` field may not be named like the event `{name}`; rename the field"),
        ),
        Some(event) if is_several => diag.error(
            marked.ident,
            format!("an `#[fd]` field may not be named `{name}`, which `#[on({name})]` takes for the event `{event}`; rename the field"),
        ),
        _ => {}
    }
}

fn lower_one<'a>(
    syntax: &Syntax,
    settings: Settings<'_>,
    marked: &Marked<'a>,
    diag: &mut Diag,
) -> Option<Fd<'a>> {
    let args = &marked.options.args;
    let own = args.list.iter().find(|arg| arg.key == "interest");
    match (settings.written, own) {
        (Some(_), Some(own)) => duplicate(own, diag),
        (None, None) if !settings.is_broken && !fields::says_interest(args) => {
            let attribute = syntax.attributes.first().map(|options| options.attribute.path());
            let message = "missing interest; write `#[subscriber(interest = read)]`";
            match attribute {
                Some(attribute) => diag.error(attribute, message),
                None => diag.error(&syntax.ident, message),
            }
        }
        _ => {}
    }
    fields::lower(marked, settings.interest, false, diag)
}

fn lower_several<'a>(
    syntax: &Syntax,
    settings: Settings<'_>,
    marked: &[Marked<'a>],
    diag: &mut Diag,
) -> Option<Ports<'a>> {
    if let Some(interest) = settings.written {
        diag.error(
            &interest.key,
            "`interest` may only be used here for one plain `#[fd]`; write it on each field, as in `#[fd(interest = read)]`",
        );
    }
    let wants_interest = settings.written.is_none();
    let fds: Vec<_> =
        marked.iter().map(|marked| fields::lower(marked, None, wants_interest, diag)).collect();
    let fds: Vec<_> = fds.into_iter().collect::<Option<_>>()?;
    if fds.len() > MOST {
        return None;
    }
    let constants = constants::lower(&syntax.ident, &fds, diag);
    Some(Ports { fds, constants })
}
