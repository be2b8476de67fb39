//! stub
use proc_macro::TokenStream;
/// stub
#[proc_macro_attribute]
pub fn subscriber(_a: TokenStream, i: TokenStream) -> TokenStream { i }
/// stub
#[proc_macro_attribute]
pub fn handler(_a: TokenStream, i: TokenStream) -> TokenStream { i }
/// stub
#[proc_macro_derive(__Subscriber, attributes(fd, __eventp))]
pub fn derive(_i: TokenStream) -> TokenStream { TokenStream::new() }
