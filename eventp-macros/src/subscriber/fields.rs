//! The fields with `#[fd]`, and what stands in its parentheses.
//!
//! In come fields, out go [`Fd`]s, as far as they are right. What must stay true: whether a struct has one fd or several is decided here
//! and nowhere else, by what is written and not by what is meant.

use quote::ToTokens as _;
use syn::ext::IdentExt as _;
use syn::parse::{Parse, ParseStream, Parser as _};
use syn::{ExprPath, Ident, PathArguments, Type};

use super::interest::{self, Interest};
use super::parse::{FieldSyntax, Options};
use crate::args::{Arg, Args};
use crate::diag::{Diag, Words};

/// A field that is an fd, or has fds.
pub(crate) struct Fd<'a> {
    pub(crate) ident: &'a Ident,
    pub(crate) ty: &'a Type,
    pub(crate) interest: Interest,
    pub(crate) access: Access,
    pub(crate) group: Option<Ident>,
}

/// How to get at the fd.
pub(crate) enum Access {
    /// It is one.
    AsFd,
    /// It has only `AsRawFd`.
    AsRawFd,
    /// Behind a function.
    With(ExprPath),
}

/// A field that is marked with `#[fd]`.
#[derive(Clone, Copy)]
pub(crate) struct Marked<'a> {
    pub(crate) field: &'a FieldSyntax,
    pub(crate) ident: &'a Ident,
    pub(crate) options: &'a Options,
}

const OPTIONS: Words = Words {
    words: &["interest", "group", "raw", "with"],
    aliases: &[
        ("events", "interest"),
        ("interests", "interest"),
        ("flags", "interest"),
        ("groups", "group"),
        ("raw_fd", "raw"),
        ("as_raw_fd", "raw"),
        ("accessor", "with"),
        ("get", "with"),
    ],
};

/// The fields that are marked.
pub(crate) fn marked(fields: &[FieldSyntax]) -> Vec<Marked<'_>> {
    let marked = fields.iter().filter_map(|field| {
        let (ident, options) = (field.field.ident.as_ref()?, field.fds.first()?);
        Some(Marked { field, ident, options })
    });
    marked.collect()
}

/// Whether one `#[fd]` with one interest cannot say it.
pub(crate) fn are_several(marked: &[Marked<'_>]) -> bool {
    let has_options = |only: &Marked<'_>| {
        let mut args = only.options.args.list.iter();
        args.any(|arg| ["group", "raw", "with"].iter().any(|it| arg.key == it))
    };
    match marked {
        [] => false,
        [only] => has_options(only) || is_collection(&only.field.field.ty),
        _ => true,
    }
}

/// An `Option`, an array or a `Vec`. Of an alias nobody can tell.
fn is_collection(ty: &Type) -> bool {
    match ty {
        Type::Paren(paren) => is_collection(&paren.elem),
        Type::Group(group) => is_collection(&group.elem),
        Type::Array(_) => true,
        Type::Path(path) => path.path.segments.last().is_some_and(|last| {
            let has_arguments = matches!(last.arguments, PathArguments::AngleBracketed(_));
            has_arguments && (last.ident == "Vec" || last.ident == "Option")
        }),
        _ => false,
    }
}

/// What `#[fd(..)]` says, be it complete or not.
#[derive(Default)]
struct Said {
    interest: Option<Interest>,
    group: Option<Ident>,
    raw: bool,
    with: Option<ExprPath>,
}

/// Lowers one field, which takes the interest of the struct if it has none of its own.
pub(crate) fn lower<'a>(
    marked: &Marked<'a>,
    default: Option<Interest>,
    wants_interest: bool,
    diag: &mut Diag,
) -> Option<Fd<'a>> {
    let said = lower_options(marked.options, diag);
    if wants_interest && !says_interest(&marked.options.args) {
        diag.error(&marked.options.attribute, "missing interest; write `#[fd(interest = read)]`");
    }
    let access = match (said.raw, said.with) {
        (true, _) => Access::AsRawFd,
        (_, Some(path)) => Access::With(path),
        _ => Access::AsFd,
    };
    Some(Fd {
        ident: marked.ident,
        ty: &marked.field.field.ty,
        interest: said.interest.or(default)?,
        access,
        group: said.group,
    })
}

/// Whether there is an interest, or what may have been meant as one.
pub(crate) fn says_interest(args: &Args) -> bool {
    let is_meant = |key: &str| key == "interest" || interest::is_meant_by(key, &OPTIONS);
    args.is_broken || args.list.iter().any(|arg| is_meant(&arg.key.to_string()))
}

fn lower_options(options: &Options, diag: &mut Diag) -> Said {
    let mut said = Said::default();
    let list = &options.args.list;
    for (at, arg) in list.iter().enumerate() {
        let key = arg.key.to_string();
        if list[..at].iter().any(|before| before.key == arg.key) {
            diag.error(&arg.key, format!("duplicate option `{key}`; remove one"));
            continue;
        }
        match key.as_str() {
            "interest" => {
                let value = arg.value.clone().unwrap_or_default();
                said.interest = interest::lower(value, arg, diag);
            }
            "group" => said.group = lower_group(arg, diag),
            "raw" => said.raw = check_bare(arg, diag),
            "with" => {
                let wanted = "expected the path of a function; write `with = path`, for a `fn(&FieldType) -> BorrowedFd<'_>`";
                said.with = parse_value(arg, wanted, diag);
            }
            _ if interest::is_flag(&key) && list[..at].iter().any(|it| it.key == "interest") => {
                let text = format!("unknown option `{key}`; interest flags are joined by `|`");
                diag.error(&arg.key, text);
            }
            _ => {
                let remedy = interest::remedy(&key).unwrap_or_else(|| OPTIONS.remedy(&key));
                diag.error(&arg.key, format!("unknown option `{key}` of `#[fd]`; {remedy}"));
            }
        }
    }
    check_access(options, diag);
    said
}

fn check_access(options: &Options, diag: &mut Diag) {
    let find = |key: &str| options.args.list.iter().find(|arg| arg.key == key);
    if let (Some(_), Some(with)) = (find("raw"), find("with")) {
        diag.error(
            &with.key,
            "`raw` and `with` are mutually exclusive; the function of `with` says where the fd is, remove `raw`",
        );
    }
}

fn lower_group(arg: &Arg, diag: &mut Diag) -> Option<Ident> {
    let wanted = "expected the name of a group; write `group = name`";
    let name: Option<Name> = parse_value(arg, wanted, diag);
    name.map(|Name(name)| name)
}

/// A name, also one that only a raw identifier can have.
struct Name(Ident);

impl Parse for Name {
    fn parse(input: ParseStream<'_>) -> syn::Result<Self> {
        input.call(Ident::parse_any).map(Self)
    }
}

fn parse_value<T: Parse>(arg: &Arg, wanted: &str, diag: &mut Diag) -> Option<T> {
    let parsed = T::parse.parse2(arg.value.clone().unwrap_or_default());
    parsed.map_err(|_| diag.error(arg, wanted)).ok()
}

fn check_bare(arg: &Arg, diag: &mut Diag) -> bool {
    if let Some(value) = &arg.value {
        let text = "`raw` takes no value; write `#[fd(interest = read, raw)]`";
        let place = if value.is_empty() { arg.key.to_token_stream() } else { value.clone() };
        diag.error(place, text);
    }
    true
}
