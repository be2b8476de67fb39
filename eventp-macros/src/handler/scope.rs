//! The generic parameters and bounds of the generated impl, or of a function's `handler`.
//!
//! In come the parameters of all the methods that one impl calls, out goes a [`Scope`]. What must stay true: only the first state
//! type becomes a bound, so that a second one is a type error at the parameter that asks for it, and what no lifted type
//! mentions is not declared.

use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{GenericParam, Generics, PathArguments, Type, TypeImplTrait, TypePath, WherePredicate};

use super::lift::{self, Lift};
use super::model::Call;
use super::names::{self, Names};
use super::params::{Kind, Reactor};

/// What the generated code is generic over, beside what the `impl` is generic over.
pub(crate) struct Scope {
    pub(crate) lifetimes: Vec<TokenStream>,
    pub(crate) types: Vec<TokenStream>,
    pub(crate) predicates: Vec<TokenStream>,
    pub(crate) reactor: Ep,
    /// Names for the parameters that stand for the reactor and for any fd.
    pub(crate) own_ep: Ident,
    pub(crate) any_fd: Ident,
    /// What the parameter behind the reactor has to be, beside `EventpOps`.
    pub(crate) bounds: Vec<TokenStream>,
    pub(crate) state: Option<TokenStream>,
}

/// The type behind `Pinned`.
#[derive(Default)]
pub(crate) enum Ep {
    /// A parameter that is declared for it.
    #[default]
    Own,
    /// A parameter that the function has declared.
    Users(Ident),
    Concrete(TokenStream),
    /// The type that an alias of `Pinned` has inside.
    Behind(TokenStream),
}

/// Makes a scope.
struct Builder<'a> {
    scope: Scope,
    lift: Lift,
    /// Whose lifetimes the lifted types may mention.
    generics: Vec<&'a Generics>,
}

impl Scope {
    /// The scope of an impl that calls these methods, and has this head.
    pub(crate) fn of_methods<'a>(
        head: &TokenStream,
        calls: impl Iterator<Item = &'a Call<'a>>,
    ) -> Self {
        let calls: Vec<_> = calls.collect();
        let mut builder = Builder::new(head, &calls);
        if !builder.add_concrete(&calls) {
            for call in &calls {
                builder.add_bounds(call);
            }
        }
        builder.finish(TokenStream::new())
    }

    /// The scope of a function's `handler`, and the type of the fd in it.
    pub(crate) fn of_function<'a>(call: &'a Call<'a>) -> (Self, Option<TokenStream>) {
        let mut builder = Builder::new(&TokenStream::new(), &[call]);
        let fd = call.params.iter().find_map(|param| match param.kind {
            Kind::Fd(ty) => Some(builder.lift.fd(ty)),
            _ => None,
        });
        builder.copy_generics(&call.sig.generics);
        if !builder.add_concrete(&[call]) {
            builder.add_bounds_of_function(call);
        }
        let scope = builder.finish(fd.to_token_stream());
        (scope, fd)
    }
}

impl<'a> Builder<'a> {
    fn new(head: &TokenStream, calls: &[&'a Call<'a>]) -> Self {
        let written = calls.iter().map(|call| call.written);
        let lift = Lift::new(Names::taken_in([head].into_iter().chain(written)));
        let scope = Scope {
            lifetimes: Vec::new(),
            types: Vec::new(),
            predicates: Vec::new(),
            reactor: Ep::Own,
            own_ep: lift.names().free("Ep"),
            any_fd: lift.names().free("Fd"),
            bounds: Vec::new(),
            state: None,
        };
        Self { scope, lift, generics: calls.iter().map(|call| &call.sig.generics).collect() }
    }

    /// If a method names its reactor, that is the only one which the impl is for, and no bound is needed.
    fn add_concrete(&mut self, calls: &[&Call<'_>]) -> bool {
        let first = calls.iter().flat_map(|call| &call.params).find_map(|param| match param.kind {
            Kind::Reactor(Reactor::Concrete(ty)) => Some(Ep::Concrete(self.lift.ty(ty))),
            Kind::Reactor(Reactor::Alias(path)) => Some(Ep::Behind(self.alias(path))),
            _ => None,
        });
        let found = first.is_some();
        self.scope.reactor = first.unwrap_or_default();
        found
    }

    /// The alias without its own lifetime: that is the handler's, and the type behind it does not depend on it.
    fn alias(&mut self, path: &TypePath) -> TokenStream {
        let mut path = path.clone();
        if let Some(segment) = path.path.segments.last_mut() {
            if let PathArguments::AngleBracketed(arguments) = &mut segment.arguments {
                for argument in &mut arguments.args {
                    if let syn::GenericArgument::Lifetime(lifetime) = argument {
                        *lifetime = syn::Lifetime::new("'static", lifetime.span());
                    }
                }
            }
        }
        self.lift.ty(&Type::Path(path))
    }

    fn add_bounds(&mut self, call: &Call<'_>) {
        for param in &call.params {
            match param.kind {
                Kind::State(ty) => self.add_state(ty, own_parameter(call)),
                Kind::Reactor(Reactor::Bounded(bounds)) => self.add_impl(bounds),
                Kind::Reactor(Reactor::Parameter(name)) => {
                    self.add_parameter(name, &call.sig.generics);
                }
                _ => {}
            }
        }
    }

    fn add_bounds_of_function(&mut self, call: &Call<'_>) {
        let Some(name) = own_parameter(call) else { return self.add_bounds(call) };
        self.scope.reactor = Ep::Users(name.clone());
        if !says_state(&call.sig.generics) {
            let states = call.params.iter().filter_map(|param| match param.kind {
                Kind::State(ty) => Some(ty),
                _ => None,
            });
            states.for_each(|ty| self.add_state(ty, Some(name)));
        }
    }

    /// The first state type becomes a bound, unless it is that of the reactor whatever it is: `&mut Ep::State`.
    fn add_state(&mut self, ty: &Type, reactor: Option<&Ident>) {
        let is_any = reactor.is_some_and(|name| names::mentions(&ty.to_token_stream(), name));
        if self.scope.state.is_none() && !is_any {
            self.scope.state = Some(self.lift.ty(ty));
        }
    }

    fn add_impl(&mut self, written: &TypeImplTrait) {
        self.add_ops(written.bounds.clone(), |tokens| tokens);
    }

    fn add_ops(&mut self, mut bounds: Bounds, rename: impl Fn(TokenStream) -> TokenStream) {
        if let Some(state) = lift::take_state(&mut bounds) {
            if self.scope.state.is_none() {
                self.scope.state = Some(rename(self.lift.ty(&state)));
            }
        }
        let rest: Bounds = bounds.into_iter().filter(|bound| !lift::is_bare_ops(bound)).collect();
        if !rest.is_empty() {
            let lifted = rename(self.lift.bounds(&rest));
            self.scope.bounds.push(lifted);
        }
    }

    /// A method's own parameter for the reactor: its bounds become those of the impl's.
    fn add_parameter(&mut self, name: &Ident, generics: &Generics) {
        let own = self.scope.own_ep.clone();
        let rename = |tokens| names::rename(tokens, name, &own);
        for parameter in generics.type_params().filter(|parameter| parameter.ident == *name) {
            self.add_ops(parameter.bounds.clone(), rename);
        }
        for predicate in generics.where_clause.iter().flat_map(|clause| &clause.predicates) {
            match predicate {
                WherePredicate::Type(it)
                    if it.lifetimes.is_none() && is_name(&it.bounded_ty, name) =>
                {
                    self.add_ops(it.bounds.clone(), rename);
                }
                predicate => self.scope.predicates.push(rename(predicate.to_token_stream())),
            }
        }
    }

    /// Everything that a function declares but lifetimes, as it is.
    fn copy_generics(&mut self, generics: &Generics) {
        for parameter in &generics.params {
            if !matches!(parameter, GenericParam::Lifetime(_)) {
                self.scope.types.push(parameter.to_token_stream());
            }
        }
        let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
        self.scope.predicates.extend(predicates.map(ToTokens::to_token_stream));
    }

    /// Declares what the lifted types mention.
    fn finish(self, also: TokenStream) -> Scope {
        let Self { mut scope, lift, generics } = self;
        scope.types.extend(lift.types);
        let generics = generics.into_iter().filter(|it| it.lifetimes().next().is_some());
        let generics: Vec<_> = generics.collect();
        if generics.is_empty() {
            scope.lifetimes = lift.lifetimes;
            return scope;
        }
        let Scope { types, predicates, bounds, state, reactor, .. } = &scope;
        let reactor = match reactor {
            Ep::Concrete(tokens) | Ep::Behind(tokens) => tokens.clone(),
            _ => TokenStream::new(),
        };
        let used = quote!(#(#types)* #(#predicates)* #(#bounds)* #state #reactor #also);
        for generics in generics {
            for lifetime in names::lifetimes_in(generics, &used) {
                let lifetime = lifetime.to_token_stream();
                let known = |it: &TokenStream| it.to_string() == lifetime.to_string();
                if !scope.lifetimes.iter().any(known) {
                    scope.lifetimes.push(lifetime);
                }
            }
        }
        scope.lifetimes.extend(lift.lifetimes);
        scope
    }
}

/// The function's own parameter that stands for the reactor.
fn own_parameter<'a>(call: &Call<'a>) -> Option<&'a Ident> {
    call.params.iter().find_map(|param| match param.kind {
        Kind::Reactor(Reactor::Parameter(name)) => Some(name),
        _ => None,
    })
}

type Bounds = syn::punctuated::Punctuated<syn::TypeParamBound, syn::Token![+]>;

fn is_name(ty: &Type, name: &Ident) -> bool {
    matches!(ty, Type::Path(TypePath { qself: None, path, .. }) if path.is_ident(name))
}

/// Whether a `State = S` is among the bounds.
fn says_state(generics: &Generics) -> bool {
    let parameters = generics.type_params().map(|parameter| &parameter.bounds);
    let predicates = generics.where_clause.iter().flat_map(|clause| &clause.predicates);
    let predicates = predicates.filter_map(|predicate| match predicate {
        WherePredicate::Type(predicate) => Some(&predicate.bounds),
        _ => None,
    });
    parameters.chain(predicates).any(|bounds| lift::take_state(&mut bounds.clone()).is_some())
}
