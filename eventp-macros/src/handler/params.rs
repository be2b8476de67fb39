//! Which parameter is what: a function's inputs to kinds.
//!
//! In comes a signature, out go [`Param`]s. What is taken by value is told apart later, by trait resolution, so that aliases and
//! renamed imports work; here only the shape of a type decides. What must stay true: in any build, at most one parameter is
//! the fd, one the state and one the reactor.

use syn::{FnArg, GenericArgument, Ident, Pat, PatType, PathArguments, Signature, Type, TypePath};
use syn::{TypeImplTrait, TypeReference};

use super::cfg::Conditions;
use crate::diag::Diag;
use crate::spell::spell;

/// Where the function stands.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Place {
    Method,
    Function,
}

/// A parameter other than `self`.
pub(crate) struct Param<'a> {
    pub(crate) kind: Kind<'a>,
    /// The type as it was written, for its span.
    pub(crate) ty: &'a Type,
    pub(crate) conditions: Conditions,
    written: &'a PatType,
}

/// What a parameter asks for.
#[derive(Clone, Copy)]
pub(crate) enum Kind<'a> {
    /// `&mut Fd`, of a free function.
    Fd(&'a Type),
    /// `&mut S`.
    State(&'a Type),
    Reactor(Reactor<'a>),
    /// `Event`, `Interest`, `Key`, `Port`: what it is, a trait says.
    Value,
}

/// The forms of `Pinned<'_, ..>`.
#[derive(Clone, Copy)]
pub(crate) enum Reactor<'a> {
    /// `Pinned<'_, impl EventpOps>`
    Bounded(&'a TypeImplTrait),
    /// `Pinned<'_, Ep>` with a parameter of the function
    Parameter(&'a Ident),
    /// `Pinned<'_, Eventp<S>>`
    Concrete(&'a Type),
    /// `Alias<'_>` for a `Pinned<'_, Eventp<S>>`
    Alias(&'a TypePath),
}

/// Says what each parameter is; what is not anything is reported and left out.
pub(crate) fn lower<'a>(sig: &'a Signature, place: Place, diag: &mut Diag) -> Vec<Param<'a>> {
    let mut params = Vec::new();
    for input in &sig.inputs {
        let FnArg::Typed(written) = input else { continue };
        if let Some(kind) = lower_kind(written, sig, place, diag) {
            let conditions = Conditions::of(&written.attrs);
            params.push(Param { kind, ty: &written.ty, conditions, written });
        }
    }
    check_duplicates(&params, place, diag);
    params
}

/// A type without the parentheses and the invisible groups around it.
pub(crate) fn peel(mut ty: &Type) -> &Type {
    loop {
        ty = match ty {
            Type::Paren(paren) => &paren.elem,
            Type::Group(group) => &group.elem,
            ty => return ty,
        };
    }
}

fn lower_kind<'a>(
    written: &'a PatType,
    sig: &Signature,
    place: Place,
    diag: &mut Diag,
) -> Option<Kind<'a>> {
    let marks: Vec<_> = written.attrs.iter().filter(|it| it.path().is_ident("state")).collect();
    if let (Some(mark), Place::Method) = (marks.first(), place) {
        diag.error(mark, "`#[state]` may only be used in a free function; a method's `&mut` is the state without it");
    }
    for again in marks.iter().skip(1) {
        diag.error(again, "duplicate `#[state]`; remove one");
    }
    let marked = !marks.is_empty();
    let kind = match peel(&written.ty) {
        Type::Reference(reference) => lower_reference(reference, written, marked, place, diag)?,
        Type::Path(path) => lower_path(path, sig).map_or(Kind::Value, Kind::Reactor),
        Type::Macro(_) => Kind::Value,
        other => {
            diag.error(
                other,
                format!("unknown parameter type `{}`; {}", spell(other), may_ask_for(place)),
            );
            return None;
        }
    };
    if let (Some(mark), false) = (marks.first(), matches!(kind, Kind::State(_))) {
        diag.error(mark, "`#[state]` may only be used on a `&mut` parameter");
        return None;
    }
    Some(kind)
}

fn may_ask_for(place: Place) -> &'static str {
    match place {
        Place::Method => {
            "a handler may ask for `Event`, `Interest`, `Key`, `Port`, `Pinned<'_, impl EventpOps>` and `&mut` the state"
        }
        Place::Function => {
            "a handler may ask for `Event`, `Interest`, `Key`, `Port`, `Pinned<'_, impl EventpOps>`, `&mut` the fd and `&mut` the state"
        }
    }
}

fn lower_reference<'a>(
    reference: &'a TypeReference,
    written: &PatType,
    marked: bool,
    place: Place,
    diag: &mut Diag,
) -> Option<Kind<'a>> {
    let inner = peel(&reference.elem);
    let spelled = || (spell(inner), spell(reference));
    if is_named(inner, &["Pinned"]) {
        let (target, found) = spelled();
        diag.error(
            reference,
            format!("expected `{target}`, found `{found}`; the reactor comes by value"),
        );
        return None;
    }
    if is_named(inner, &["Eventp"]) {
        let (target, found) = spelled();
        diag.error(
            reference,
            format!("expected `Pinned<'_, {target}>`, found `{found}`; a handler gets the narrow view of the reactor, by value"),
        );
        return None;
    }
    if reference.mutability.is_none() {
        let (target, found) = spelled();
        let what = if place == Place::Method { "the state" } else { "the fd or the state" };
        let wanted = if is_named(inner, &["Event", "Interest", "Key", "Port"]) {
            target
        } else {
            format!("&mut {target}")
        };
        diag.error(
            reference,
            format!("expected `{wanted}`, found `{found}`; a handler gets {what} by `&mut`, everything else by value"),
        );
        return None;
    }
    let is_state = place == Place::Method || marked || is_named_state(&written.pat);
    Some(if is_state { Kind::State(&reference.elem) } else { Kind::Fd(&reference.elem) })
}

fn is_named_state(pat: &Pat) -> bool {
    matches!(pat, Pat::Ident(name) if name.ident == "state" || name.ident == "_state")
}

/// Whether it is a path that ends in one of these names.
fn is_named(ty: &Type, names: &[&str]) -> bool {
    let Type::Path(path) = ty else { return false };
    let last = path.path.segments.last();
    last.is_some_and(|segment| names.iter().any(|name| segment.ident == name))
}

/// The reactor, if the path is `Pinned`, or has an `impl` or a lifetime inside: nothing else that a handler can ask for has.
fn lower_path<'a>(path: &'a TypePath, sig: &Signature) -> Option<Reactor<'a>> {
    let segment = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return None };
    let mut types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(peel(ty)),
        _ => None,
    });
    let bounded = types.clone().find_map(|ty| match ty {
        Type::ImplTrait(bounds) => Some(bounds),
        _ => None,
    });
    if let Some(bounds) = bounded {
        return Some(Reactor::Bounded(bounds));
    }
    let parameter = types.clone().find_map(|ty| parameter_of(ty, sig));
    let has_lifetime = arguments.args.iter().any(|it| matches!(it, GenericArgument::Lifetime(_)));
    match (parameter, segment.ident == "Pinned") {
        (Some(parameter), pinned) if pinned || has_lifetime => Some(Reactor::Parameter(parameter)),
        (_, true) => types.next().map(Reactor::Concrete),
        _ => has_lifetime.then_some(Reactor::Alias(path)),
    }
}

/// The name of a type that is a parameter of the function.
fn parameter_of<'a>(ty: &'a Type, sig: &Signature) -> Option<&'a Ident> {
    let Type::Path(TypePath { qself: None, path, .. }) = ty else { return None };
    let name = path.get_ident()?;
    sig.generics.type_params().any(|parameter| parameter.ident == *name).then_some(name)
}

fn check_duplicates(params: &[Param<'_>], place: Place, diag: &mut Diag) {
    for (at, param) in params.iter().enumerate() {
        let mut before = params[..at].iter();
        let same = |other: &&Param<'_>| {
            is_same(other, param) && !other.conditions.may_exclude(&param.conditions)
        };
        let Some(first) = before.find(same) else { continue };
        let (a, b) = (name_of(first), name_of(param));
        diag.error(
            param.ty,
            match (param.kind, place) {
                (Kind::Fd(_), _) => format!(
                    "duplicate fd; `{a}` and `{b}` are both `&mut`, name the state `state` or mark it with `#[state]`"
                ),
                (Kind::State(_), _) => {
                    format!("duplicate state; `{a}` and `{b}` are both the state, remove one")
                }
                (Kind::Reactor(_), _) => {
                    format!("duplicate reactor; `{a}` and `{b}` are both the reactor, remove one")
                }
                (Kind::Value, _) => format!(
                    "duplicate parameter; `{a}` and `{b}` are both `{}`, remove one",
                    spell(param.ty)
                ),
            },
        );
    }
}

fn is_same(a: &Param<'_>, b: &Param<'_>) -> bool {
    match (a.kind, b.kind) {
        (Kind::Fd(_), Kind::Fd(_)) | (Kind::State(_), Kind::State(_)) => true,
        (Kind::Reactor(_), Kind::Reactor(_)) => true,
        (Kind::Value, Kind::Value) => spell(a.ty) == spell(b.ty),
        _ => false,
    }
}

fn name_of(param: &Param<'_>) -> String {
    match &*param.written.pat {
        Pat::Ident(name) => name.ident.to_string(),
        pattern => spell(pattern),
    }
}
