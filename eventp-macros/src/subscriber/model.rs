//! Syntax to the model: a struct with its fds, each with a first interest.
//!
//! In comes what was parsed, out goes a [`Model`] from which code can be written without a further question. What must stay
//! true: every mistake is reported, not only the first.

use syn::{Generics, Ident, Type};

use super::interest::{self, Interest};
use super::parse::{FieldSyntax, Options, Shape, Syntax};
use crate::args::{self, Arg};
use crate::diag::{Diag, Words};
use crate::paths::Root;

/// A subscriber.
pub(crate) struct Model<'a> {
    pub(crate) root: Root,
    pub(crate) ident: &'a Ident,
    pub(crate) generics: &'a Generics,
    pub(crate) fd: Fd<'a>,
}

/// A field that is an fd.
pub(crate) struct Fd<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) interest: Interest,
}

const OPTIONS: Words = Words {
    words: &["interest", "crate"],
    aliases: &[("events", "interest"), ("interests", "interest"), ("flags", "interest")],
};

const EVENTS: &[&str] = &["readable", "writable", "priority", "error", "hangup", "read_closed"];

/// What the attribute's arguments say.
#[derive(Default)]
struct Settings {
    root: Option<Root>,
    interest: Option<Interest>,
    /// Whether `interest` stands there, be it right or wrong.
    has_interest: bool,
}

/// Lowers the struct, or reports why not.
pub(crate) fn lower<'a>(syntax: &'a Syntax, diag: &mut Diag) -> Option<Model<'a>> {
    let settings = lower_settings(syntax, diag);
    check_lifetimes(&syntax.generics, diag);
    let fields = named_fields(&syntax.shape, diag)?;
    let (field, fd_options) = the_fd(syntax, fields, diag)?;
    let root = settings.root.clone();
    let interest = lower_fd_interest(syntax, settings, fd_options, diag);
    let ident = field.field.ident.as_ref()?;
    Some(Model {
        root: root.unwrap_or_default(),
        ident: &syntax.ident,
        generics: &syntax.generics,
        fd: Fd { ident, ty: &field.field.ty, interest: interest? },
    })
}

/// The root for the stand-ins, whatever else is wrong.
pub(crate) fn root(syntax: &Syntax) -> Root {
    lower_settings(syntax, &mut Diag::default()).root.unwrap_or_default()
}

fn lower_settings(syntax: &Syntax, diag: &mut Diag) -> Settings {
    let mut settings = Settings::default();
    for again in syntax.attributes.iter().skip(1) {
        diag.error(again.attribute.path(), "duplicate `#[subscriber]`; remove one");
    }
    for arg in syntax.attributes.iter().take(1).flat_map(|options| &options.args.list) {
        let key = arg.key.to_string();
        match key.as_str() {
            "interest" if settings.has_interest => duplicate(arg, diag),
            "interest" => {
                settings.has_interest = true;
                settings.interest = lower_interest(arg, diag);
            }
            "crate" if settings.root.is_some() => duplicate(arg, diag),
            "crate" => settings.root = args::lower_root(arg, diag),
            _ if interest::is_flag(&key) && settings.has_interest => diag.error(
                &arg.key,
                format!("unknown option `{key}`; interest flags are joined by `|`"),
            ),
            _ => diag.error(&arg.key, format!("unknown option `{key}`; {}", OPTIONS.remedy(&key))),
        }
    }
    settings
}

fn duplicate(arg: &Arg, diag: &mut Diag) {
    diag.error(&arg.key, format!("duplicate option `{}`; remove one", arg.key));
}

fn lower_interest(arg: &Arg, diag: &mut Diag) -> Option<Interest> {
    interest::lower(arg.value.clone().unwrap_or_default(), arg, diag)
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

/// The one field marked `#[fd]`.
fn the_fd<'a>(
    syntax: &Syntax,
    fields: &'a [FieldSyntax],
    diag: &mut Diag,
) -> Option<(&'a FieldSyntax, &'a Options)> {
    let mut marked = fields.iter().filter_map(|field| Some((field, field.fds.first()?)));
    let first = marked.next();
    if let Some((FieldSyntax { field, .. }, _)) = first {
        check_name(field.ident.as_ref()?, diag);
    } else {
        diag.error(&syntax.ident, "missing `#[fd]`; mark the field that holds the fd with it");
    }
    for (_, options) in marked {
        diag.error(
            &options.attribute,
            "several `#[fd]` fields are not supported yet; make each fd a subscriber of its own",
        );
    }
    for again in fields.iter().flat_map(|field| field.fds.iter().skip(1)) {
        diag.error(&again.attribute, "duplicate `#[fd]`; remove one");
    }
    first
}

fn lower_fd_interest(
    syntax: &Syntax,
    settings: Settings,
    fd: &Options,
    diag: &mut Diag,
) -> Option<Interest> {
    let Settings { mut interest, has_interest: mut seen, .. } = settings;
    let is_broken = fd.args.is_broken || syntax.attributes.iter().any(|it| it.args.is_broken);
    for arg in &fd.args.list {
        match arg.key.to_string().as_str() {
            "interest" if seen => duplicate(arg, diag),
            "interest" => {
                seen = true;
                interest = lower_interest(arg, diag);
            }
            key => diag.error(
                &arg.key,
                format!("unknown option `{key}` of `#[fd]`; expected `interest`, or nothing"),
            ),
        }
    }
    if !seen && !is_broken {
        let attribute = syntax.attributes.first().map(|options| options.attribute.path());
        let message = "missing interest; write `#[subscriber(interest = read)]`";
        match attribute {
            Some(attribute) => diag.error(attribute, message),
            None => diag.error(&syntax.ident, message),
        }
    }
    interest
}

/// A method says `#[on(field)]` as it says `#[on(event)]`, so the two share their names.
fn check_name(ident: &Ident, diag: &mut Diag) {
    let name = ident.to_string();
    if EVENTS.contains(&name.as_str()) {
        diag.error(
            ident,
            format!("an `#[fd]` field may not be named like the event `{name}`; rename the field"),
        );
    }
}
