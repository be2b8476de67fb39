//! Types of parameters to types of the generated code.
//!
//! In comes a type from a parameter list, where `impl Trait`, `'_` and the function's own lifetimes mean something. Out goes the
//! same type for a place where they mean nothing: each `impl Trait` and each elided lifetime has become a generic parameter that
//! [`Lift`] has collected. What must stay true: everything else keeps its tokens, and with them its spans.

use proc_macro2::{Delimiter, TokenStream, TokenTree};
use quote::{ToTokens, quote};
use syn::punctuated::Punctuated;
use syn::{AngleBracketedGenericArguments, GenericArgument, Lifetime};
use syn::{PathArguments, Token, Type, TypeParamBound};

use super::names::Names;
use crate::paths::generated;
use crate::tokens;

type Bounds = Punctuated<TypeParamBound, Token![+]>;

/// The generic parameters that lifting has made.
pub(crate) struct Lift {
    names: Names,
    pub(crate) lifetimes: Vec<TokenStream>,
    pub(crate) types: Vec<TokenStream>,
    /// Whether all that is elided shares one lifetime, and which, once there is one.
    shares: bool,
    shared: Option<Lifetime>,
    /// The type of the fd is called after what it is.
    next_is_fd: bool,
}

impl Lift {
    pub(crate) fn new(names: Names) -> Self {
        let (lifetimes, types) = (Vec::new(), Vec::new());
        Self { names, lifetimes, types, shares: false, shared: None, next_is_fd: false }
    }

    pub(crate) fn names(&self) -> &Names {
        &self.names
    }

    /// Lifts the type of the fd.
    pub(crate) fn fd(&mut self, ty: &Type) -> TokenStream {
        self.next_is_fd = true;
        let lifted = self.ty(ty);
        self.next_is_fd = false;
        lifted
    }

    /// Lifts a type.
    pub(crate) fn ty(&mut self, ty: &Type) -> TokenStream {
        let mut ty = ty.clone();
        self.lift_impls(&mut ty);
        let tokens = ty.to_token_stream();
        // A reference implies that what it points at outlives it, but only in a signature.
        self.shares = has_elided_reference(&tokens);
        let lifted = self.tokens(tokens);
        (self.shares, self.shared) = (false, None);
        lifted
    }

    /// Lifts the bounds of an `impl Trait`, or of a generic parameter.
    pub(crate) fn bounds(&mut self, bounds: &Bounds) -> TokenStream {
        let mut bounds = bounds.clone();
        self.lift_impls_in_bounds(&mut bounds);
        self.tokens(bounds.to_token_stream())
    }

    /// Gives each elided lifetime a name.
    pub(crate) fn tokens(&mut self, tokens: TokenStream) -> TokenStream {
        let tokens: Vec<_> = tokens.into_iter().collect();
        let mut lifted = TokenStream::new();
        let mut at = 0;
        while let Some(token) = tokens.get(at) {
            at += 1;
            match token {
                TokenTree::Punct(punct) if punct.as_char() == '\'' => {
                    match tokens::lifetime_name(&tokens[at - 1..]) {
                        Some(name) if name == "_" => {
                            self.elided_lifetime().to_tokens(&mut lifted);
                            at += 1;
                        }
                        _ => token.to_tokens(&mut lifted),
                    }
                }
                TokenTree::Punct(punct) if punct.as_char() == '&' => {
                    token.to_tokens(&mut lifted);
                    if is_elided_reference(&tokens, at - 1) {
                        self.elided_lifetime().to_tokens(&mut lifted);
                    }
                }
                // `Fn(&T)` and `fn(&T)` have elision rules of their own.
                TokenTree::Group(group)
                    if group.delimiter() == Delimiter::Parenthesis
                        && tokens::as_ident(at.checked_sub(2).and_then(|at| tokens.get(at)))
                            .is_some() =>
                {
                    token.to_tokens(&mut lifted);
                }
                TokenTree::Group(group) => {
                    tokens::refill(group, self.tokens(group.stream())).to_tokens(&mut lifted);
                }
                token => token.to_tokens(&mut lifted),
            }
        }
        lifted
    }

    fn elided_lifetime(&mut self) -> Lifetime {
        let lifetime = self.shared.take().unwrap_or_else(|| self.fresh_lifetime());
        self.shared = self.shares.then(|| lifetime.clone());
        lifetime
    }

    fn fresh_lifetime(&mut self) -> Lifetime {
        let lifetime = Lifetime::new(&format!("'__{}", self.lifetimes.len()), generated());
        self.lifetimes.push(lifetime.to_token_stream());
        lifetime
    }

    fn fresh_type(&mut self, bounds: &Bounds) -> Type {
        // The place is taken before the bounds are lifted: they may make types of their own.
        let at = self.types.len();
        let is_fd = core::mem::take(&mut self.next_is_fd);
        let name = self.names.free(&if is_fd { "Fd".to_owned() } else { format!("T{at}") });
        self.types.push(TokenStream::new());
        let bounds = self.bounds(bounds);
        self.types[at] = quote!(#name: #bounds);
        Type::Verbatim(name.to_token_stream())
    }

    fn lift_impls(&mut self, ty: &mut Type) {
        match ty {
            Type::ImplTrait(it) => *ty = self.fresh_type(&it.bounds),
            Type::Array(it) => self.lift_impls(&mut it.elem),
            Type::Group(it) => self.lift_impls(&mut it.elem),
            Type::Paren(it) => {
                self.lift_impls(&mut it.elem);
                // `&mut (impl A + B)`: the parentheses held the bounds together.
                if matches!(&*it.elem, Type::Verbatim(_)) {
                    *ty = (*it.elem).clone();
                }
            }
            Type::Ptr(it) => self.lift_impls(&mut it.elem),
            Type::Reference(it) => self.lift_impls(&mut it.elem),
            Type::Slice(it) => self.lift_impls(&mut it.elem),
            Type::Tuple(it) => it.elems.iter_mut().for_each(|elem| self.lift_impls(elem)),
            Type::TraitObject(it) => self.lift_impls_in_bounds(&mut it.bounds),
            Type::Path(it) => {
                it.path.segments.iter_mut().for_each(|it| self.lift_arguments(&mut it.arguments));
            }
            _ => {}
        }
    }

    fn lift_arguments(&mut self, arguments: &mut PathArguments) {
        let PathArguments::AngleBracketed(AngleBracketedGenericArguments { args, .. }) = arguments
        else {
            return;
        };
        for argument in args {
            match argument {
                GenericArgument::Type(ty) => self.lift_impls(ty),
                GenericArgument::AssocType(binding) => self.lift_impls(&mut binding.ty),
                GenericArgument::Constraint(it) => self.lift_impls_in_bounds(&mut it.bounds),
                _ => {}
            }
        }
    }

    fn lift_impls_in_bounds(&mut self, bounds: &mut Bounds) {
        for bound in bounds {
            if let TypeParamBound::Trait(bound) = bound {
                let segments = bound.path.segments.iter_mut();
                segments.for_each(|segment| self.lift_arguments(&mut segment.arguments));
            }
        }
    }
}

/// Whether the `&` at this place has no lifetime. Behind `->`, elision has rules of its own.
fn is_elided_reference(tokens: &[TokenTree], at: usize) -> bool {
    let is_returned = at > 0 && tokens::is_punct(tokens.get(at - 1), '>');
    tokens::is_punct(tokens.get(at), '&')
        && !is_returned
        && !tokens::is_punct(tokens.get(at + 1), '\'')
}

fn has_elided_reference(tokens: &TokenStream) -> bool {
    let tokens: Vec<_> = tokens.clone().into_iter().collect();
    (0..tokens.len()).any(|at| match &tokens[at] {
        TokenTree::Group(group) => has_elided_reference(&group.stream()),
        _ => is_elided_reference(&tokens, at),
    })
}

/// The `State = S` among some bounds, taken out of them.
pub(crate) fn take_state(bounds: &mut Bounds) -> Option<Type> {
    let mut state = None;
    for bound in bounds.iter_mut() {
        let TypeParamBound::Trait(bound) = bound else { continue };
        let Some(segment) = bound.path.segments.last_mut() else { continue };
        let PathArguments::AngleBracketed(arguments) = &mut segment.arguments else { continue };
        arguments.args.retain(|argument| match argument {
            GenericArgument::AssocType(binding) if binding.ident == "State" => {
                state.get_or_insert_with(|| binding.ty.clone());
                false
            }
            _ => true,
        });
        if arguments.args.is_empty() {
            segment.arguments = PathArguments::None;
        }
    }
    state
}

/// Whether a bound is `EventpOps` and nothing more, which the generated code says anyway.
pub(crate) fn is_bare_ops(bound: &TypeParamBound) -> bool {
    let TypeParamBound::Trait(bound) = bound else { return false };
    let last = bound.path.segments.last();
    last.is_some_and(|it| it.ident == "EventpOps" && it.arguments.is_empty())
}
