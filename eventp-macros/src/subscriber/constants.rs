//! The constants of a struct with several fds: one for each field and one for each group.
//!
//! In come the fields, out go [`Constant`]s. What must stay true: no two have the same name.

use syn::Ident;
use syn::ext::IdentExt as _;

use super::fields::{Fd, Marked};
use crate::diag::Diag;

/// A set of fields that has a name.
pub(crate) struct Constant {
    pub(crate) ident: Ident,
    pub(crate) doc: String,
    /// A bit for each field.
    pub(crate) fields: u64,
}

/// The constants of these fields.
pub(crate) fn lower(of: &Ident, fds: &[Fd<'_>], diag: &mut Diag) -> Vec<Constant> {
    let mut named: Vec<(&Ident, Constant)> = Vec::new();
    for (at, fd) in fds.iter().enumerate() {
        let doc = format!("The fds of the field `{}`.", fd.ident);
        named.push((fd.ident, Constant { ident: constant(fd.ident), doc, fields: 1 << at }));
    }
    for group in distinct_groups(fds) {
        if let Some(field) = fds.iter().find(|fd| is_same(fd.ident, group)) {
            let field = field.ident;
            diag.error(
                group,
                format!("the group `{group}` is named like the field `{field}`; rename the group"),
            );
        } else {
            named.push((group, lower_group(group, fds)));
        }
    }
    check_unique(of, &named, diag);
    named.into_iter().map(|(_, constant)| constant).collect()
}

fn lower_group(group: &Ident, fds: &[Fd<'_>]) -> Constant {
    let members = fds.iter().enumerate();
    let members: Vec<_> =
        members.filter(|(_, fd)| fd.group.as_ref().is_some_and(|it| is_same(it, group))).collect();
    let names: Vec<_> = members.iter().map(|(_, fd)| format!("`{}`", fd.ident)).collect();
    Constant {
        ident: constant(group),
        doc: format!("The fds of the group `{group}`: {}.", names.join(", ")),
        fields: members.iter().fold(0, |fields, (at, _)| fields | 1 << at),
    }
}

fn distinct_groups<'a>(fds: &'a [Fd<'_>]) -> Vec<&'a Ident> {
    let mut groups: Vec<&Ident> = Vec::new();
    for group in fds.iter().filter_map(|fd| fd.group.as_ref()) {
        if !groups.iter().any(|known| is_same(known, group)) {
            groups.push(group);
        }
    }
    groups
}

/// `r#tap` and `tap` are one name.
fn is_same(a: &Ident, b: &Ident) -> bool {
    a.unraw() == b.unraw()
}

fn check_unique(of: &Ident, named: &[(&Ident, Constant)], diag: &mut Diag) {
    for (at, (name, Constant { ident, .. })) in named.iter().enumerate() {
        if let Some((before, _)) = named[..at].iter().find(|(_, before)| before.ident == *ident) {
            diag.error(
                name,
                format!("`{before}` and `{name}` would both be `{of}::{ident}`; rename one"),
            );
        }
    }
}

/// `TAP` for `tap`, with the user's span: should there be another of that name, that is where it came from.
pub(crate) fn constant(name: &Ident) -> Ident {
    Ident::new(&name.unraw().to_string().to_uppercase(), name.span())
}

/// For stand-ins: whatever would be a constant, once.
pub(crate) fn names(marked: &[Marked<'_>]) -> Vec<Ident> {
    let mut names: Vec<Ident> = Vec::new();
    let fields = marked.iter().map(|marked| marked.ident.clone());
    let groups = marked.iter().flat_map(|marked| &marked.options.args.list).filter_map(|arg| {
        let value = arg.value.clone().filter(|_| arg.key == "group")?;
        syn::parse2(value).ok()
    });
    for name in fields.chain(groups) {
        let name = constant(&name);
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}
