//! Syntax to the model, for an `impl`: which methods run on which events, of which reactors.
//!
//! In comes the `impl`, out goes an [`ImplModel`], with one [`Variant`] for each configuration of the `#[cfg]`s inside. What must
//! stay true: every mistake is reported once, however many variants there are.

use proc_macro2::TokenStream;
use syn::ext::IdentExt as _;
use syn::{GenericParam, Ident, ReceiverKind, Safety, Signature, Type};

use super::cfg::{self, Conditions, Configuration};
use super::events::Events;
use super::names;
use super::on::{self, On};
use super::params::{self, Param, Place, peel};
use super::parse::{ImplSyntax, Method, MethodSyntax};
use super::scope::Scope;
use super::share::{self, When};
use crate::diag::Diag;
use crate::event_names::{self, Meant};
use crate::spell::spell;

/// An `impl` with handlers.
pub(crate) struct ImplModel<'a> {
    pub(crate) syntax: &'a ImplSyntax,
    pub(crate) variants: Vec<Variant<'a>>,
}

/// The handlers of one configuration.
pub(crate) struct Variant<'a> {
    pub(crate) configuration: Configuration,
    pub(crate) scope: Scope,
    /// In source order.
    pub(crate) arms: Vec<Arm<'a>>,
    /// The ports that methods name, if any, each with the events that are handled there.
    pub(crate) ports: Vec<(&'a Ident, Events)>,
    /// What each of these may have been meant for, if all of them look like events and no other word says that the struct has several fds.
    pub(crate) meant: Option<Vec<Meant>>,
    /// The events that are handled of all ports, as far as is known.
    pub(crate) of_all: Events,
}

/// A method and what it is called on.
pub(crate) struct Arm<'a> {
    pub(crate) when: When<'a>,
    pub(crate) call: Call<'a>,
}

/// A call of the user's method or function.
pub(crate) struct Call<'a> {
    pub(crate) sig: &'a Signature,
    /// The tokens of the signature.
    pub(crate) written: &'a TokenStream,
    pub(crate) params: Vec<&'a Param<'a>>,
    /// Whether it spells the type of the state in another way than the first call does, which may be another type.
    pub(crate) respells_state: bool,
}

impl Call<'_> {
    fn spelled_state(&self) -> Option<String> {
        self.params.iter().find_map(|param| match param.kind {
            params::Kind::State(ty) => Some(spell(ty)),
            _ => None,
        })
    }
}

/// A method, before the events that nobody names are given to it.
struct Declared<'a> {
    sig: &'a Signature,
    written: &'a TokenStream,
    conditions: Conditions,
    /// `None` for a plain `handle`.
    on: Option<On>,
    params: Vec<Param<'a>>,
    /// Whether nothing is wrong with it by itself.
    is_right: bool,
}

/// The methods of an `impl`; the model borrows from them.
pub(crate) struct Methods<'a>(Vec<Declared<'a>>);

/// Lowers each method on its own, and checks them against each other.
pub(crate) fn lower_methods<'a>(syntax: &'a ImplSyntax, diag: &mut Diag) -> Methods<'a> {
    let handlers = syntax.members.iter().filter_map(|member| match &member.method {
        Method::Handler(method) => Some(&**method),
        _ => None,
    });
    let methods: Vec<_> = handlers
        .map(|method| {
            let mut own = Diag::default();
            let mut declared = lower_method(method, &mut own);
            declared.is_right = own.is_empty();
            diag.append(own);
            declared
        })
        .collect();
    check_plain_handle(&methods, diag);
    let broken = syntax.members.iter().any(|member| matches!(member.method, Method::Broken));
    if methods.is_empty() && !broken {
        diag.error(
            &syntax.head.self_ty,
            "missing handler; mark a method with `#[on(readable)]`, or call it `handle`",
        );
    }
    Methods(methods)
}

impl Methods<'_> {
    /// Without those that have a mistake of their own: what rustc will say of the others does not wait until that is mended.
    pub(crate) fn without_wrong_ones(mut self) -> Self {
        self.0.retain(|method| method.is_right);
        self
    }
}

/// Makes a variant for each configuration.
pub(crate) fn lower_impl<'a>(
    syntax: &'a ImplSyntax,
    methods: &'a Methods<'a>,
    diag: &mut Diag,
) -> ImplModel<'a> {
    let methods = &methods.0;
    let conditions = methods.iter().flat_map(|method| {
        core::iter::once(&method.conditions).chain(method.params.iter().map(|it| &it.conditions))
    });
    let variants = cfg::configurations(conditions, diag)
        .into_iter()
        .map(|configuration| lower_variant(&syntax.head_tokens, methods, configuration))
        .filter(|variant| !variant.arms.is_empty())
        .collect();
    ImplModel { syntax, variants }
}

fn lower_variant<'a>(
    head: &TokenStream,
    methods: &'a [Declared<'a>],
    configuration: Configuration,
) -> Variant<'a> {
    let active: Vec<_> =
        methods.iter().filter(|method| method.conditions.hold_in(&configuration)).collect();
    let on: Vec<_> =
        active.iter().map(|method| method.on.as_ref().unwrap_or(const { &On::ALL })).collect();
    let mut arms: Vec<_> = active
        .iter()
        .zip(share::share(&on))
        .map(|(method, when)| {
            let params = method.params.iter();
            let params = params.filter(|it| it.conditions.hold_in(&configuration)).collect();
            Arm {
                when,
                call: Call {
                    sig: method.sig,
                    written: method.written,
                    params,
                    respells_state: false,
                },
            }
        })
        .collect();
    let first_state = arms.iter().find_map(|arm| arm.call.spelled_state());
    for Arm { call, .. } in &mut arms {
        call.respells_state = call.spelled_state().is_some_and(|it| Some(it) != first_state);
    }
    let scope = Scope::of_methods(head, arms.iter().map(|arm| &arm.call));
    let named = share::named(&on);
    let meant = if on.iter().all(|on| on.is_alone) { meant_by(head, &named) } else { None };
    let ports = named.into_iter().map(|port| (port, share::handled(&on, |on| on.names(port))));
    let ports = ports.collect();
    let of_all = share::handled(&on, |on| on.ports.is_empty());
    Variant { configuration, scope, arms, ports, meant, of_all }
}

fn meant_by(head: &TokenStream, ports: &[&Ident]) -> Option<Vec<Meant>> {
    let meant = ports.iter().map(|port| {
        let word = port.unraw().to_string();
        // Types will have these names.
        let is_free = |name: &str| !names::mentions(head, name);
        event_names::meant_by(&word).filter(|meant| match meant {
            Meant::Event(event) => is_free(&word) && is_free(event),
            Meant::Flag => is_free(&word),
        })
    });
    meant.collect()
}

fn lower_method<'a>(method: &'a MethodSyntax, diag: &mut Diag) -> Declared<'a> {
    let MethodSyntax { on, attrs, sig, written } = method;
    for again in on.iter().skip(1) {
        diag.error(&again.attribute, "duplicate `#[on(..)]`; join the events by `|` in one");
    }
    let on = on.iter().map(|on| on::lower(on, diag).unwrap_or(On::ALL)).reduce(|a, _| a);
    check_qualifiers(sig, diag);
    check_receiver(sig, diag);
    let params = params::lower(sig, Place::Method, diag);
    check_generics(sig, &params, diag);
    Declared { sig, written, conditions: Conditions::of(attrs), on, params, is_right: true }
}

/// What can be called like any function.
pub(crate) fn check_qualifiers(sig: &Signature, diag: &mut Diag) {
    if let Some(word) = &sig.asyncness {
        diag.error(
            word,
            "a handler may not be `async`; it runs to its end within the event, remove `async`",
        );
    }
    if let Safety::Unsafe(word) = &sig.safety {
        diag.error(
            word,
            "a handler may not be `unsafe`; the reactor calls it at any time, remove `unsafe`",
        );
    }
}

fn check_receiver(sig: &Signature, diag: &mut Diag) {
    let Some(receiver) = sig.receiver() else {
        diag.error(&sig.ident, "a handler must have `&mut self` in order to be called; add it");
        return;
    };
    let by_reference = match &receiver.kind {
        ReceiverKind::Reference(..) => true,
        ReceiverKind::Typed(_, ty) => matches!(peel(ty), Type::Reference(_)),
        _ => false,
    };
    if !by_reference {
        diag.error(
            receiver,
            format!(
                "expected `&mut self`, found `{}`; the reactor owns the subscriber, a handler removes it by `Flow::Remove`",
                spell(receiver)
            ),
        );
    }
}

fn check_generics(sig: &Signature, params: &[Param<'_>], diag: &mut Diag) {
    let is_reactor = |name: &Ident| {
        params.iter().any(|param| {
            matches!(param.kind, params::Kind::Reactor(params::Reactor::Parameter(it)) if it == name)
        })
    };
    for parameter in &sig.generics.params {
        let name = match parameter {
            GenericParam::Type(it) if !is_reactor(&it.ident) => &it.ident,
            GenericParam::Const(it) => &it.ident,
            _ => continue,
        };
        diag.error(
            name,
            format!("a handler may only be generic over the reactor it asks for; put `{name}` on the `impl`"),
        );
    }
}

/// A plain `handle` gets every event, which leaves nothing to others.
fn check_plain_handle(methods: &[Declared<'_>], diag: &mut Diag) {
    let mut plain = methods.iter().filter(|method| method.on.is_none());
    let Some(handle) = plain.next() else { return };
    let meets = |other: &&Declared<'_>| {
        other.on.is_some() && !other.conditions.may_exclude(&handle.conditions)
    };
    if methods.iter().any(|other| meets(&other)) {
        diag.error(
            &handle.sig.ident,
            "`handle` and `#[on(..)]` are mutually exclusive; mark `handle` with `#[on(..)]` too, or rename it",
        );
    }
}
