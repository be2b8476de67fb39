//! Syntax to the model, for a free function.
//!
//! In comes the function, out goes a [`FunctionModel`], with one variant for each configuration of the `#[cfg]`s on its parameters.
//! What must stay true: the function itself is not touched.

use proc_macro2::TokenStream;

use super::cfg::{self, Configuration};
use super::model::{Call, check_qualifiers};
use super::params::{self, Param, Place};
use super::parse::FunctionSyntax;
use super::scope::Scope;
use crate::diag::Diag;

/// A function that is a handler.
pub(crate) struct FunctionModel<'a> {
    pub(crate) syntax: &'a FunctionSyntax,
    pub(crate) variants: Vec<FunctionVariant<'a>>,
}

/// Its `handler` in one configuration.
pub(crate) struct FunctionVariant<'a> {
    pub(crate) configuration: Configuration,
    pub(crate) scope: Scope,
    /// `None` if the function does not ask for the fd, so that any will do.
    pub(crate) fd: Option<TokenStream>,
    pub(crate) call: Call<'a>,
}

/// Lowers the parameters; the model borrows from them.
pub(crate) fn lower_params<'a>(syntax: &'a FunctionSyntax, diag: &mut Diag) -> Vec<Param<'a>> {
    check_qualifiers(&syntax.sig, diag);
    params::lower(&syntax.sig, Place::Function, diag)
}

/// Makes a variant for each configuration.
pub(crate) fn lower_function<'a>(
    syntax: &'a FunctionSyntax,
    params: &'a [Param<'a>],
    diag: &mut Diag,
) -> FunctionModel<'a> {
    let variants = cfg::configurations(params.iter().map(|param| &param.conditions), diag)
        .into_iter()
        .map(|configuration| {
            let active = params.iter().filter(|param| param.conditions.hold_in(&configuration));
            let call = Call {
                sig: &syntax.sig,
                written: &syntax.written,
                params: active.collect(),
                respells_state: false,
            };
            let (scope, fd) = Scope::of_function(&call);
            FunctionVariant { configuration, scope, fd, call }
        })
        .collect();
    FunctionModel { syntax, variants }
}
