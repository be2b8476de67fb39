//! stub
#[derive(Debug)]
pub struct Header;
