//! A set of fields is 64 bits.
#![allow(unused)]

use std::fs::File;

use eventp::subscriber;

#[subscriber]
struct Net {
    #[fd(interest = read)]
    f0: File,
    #[fd(interest = read)]
    f1: File,
    #[fd(interest = read)]
    f2: File,
    #[fd(interest = read)]
    f3: File,
    #[fd(interest = read)]
    f4: File,
    #[fd(interest = read)]
    f5: File,
    #[fd(interest = read)]
    f6: File,
    #[fd(interest = read)]
    f7: File,
    #[fd(interest = read)]
    f8: File,
    #[fd(interest = read)]
    f9: File,
    #[fd(interest = read)]
    f10: File,
    #[fd(interest = read)]
    f11: File,
    #[fd(interest = read)]
    f12: File,
    #[fd(interest = read)]
    f13: File,
    #[fd(interest = read)]
    f14: File,
    #[fd(interest = read)]
    f15: File,
    #[fd(interest = read)]
    f16: File,
    #[fd(interest = read)]
    f17: File,
    #[fd(interest = read)]
    f18: File,
    #[fd(interest = read)]
    f19: File,
    #[fd(interest = read)]
    f20: File,
    #[fd(interest = read)]
    f21: File,
    #[fd(interest = read)]
    f22: File,
    #[fd(interest = read)]
    f23: File,
    #[fd(interest = read)]
    f24: File,
    #[fd(interest = read)]
    f25: File,
    #[fd(interest = read)]
    f26: File,
    #[fd(interest = read)]
    f27: File,
    #[fd(interest = read)]
    f28: File,
    #[fd(interest = read)]
    f29: File,
    #[fd(interest = read)]
    f30: File,
    #[fd(interest = read)]
    f31: File,
    #[fd(interest = read)]
    f32: File,
    #[fd(interest = read)]
    f33: File,
    #[fd(interest = read)]
    f34: File,
    #[fd(interest = read)]
    f35: File,
    #[fd(interest = read)]
    f36: File,
    #[fd(interest = read)]
    f37: File,
    #[fd(interest = read)]
    f38: File,
    #[fd(interest = read)]
    f39: File,
    #[fd(interest = read)]
    f40: File,
    #[fd(interest = read)]
    f41: File,
    #[fd(interest = read)]
    f42: File,
    #[fd(interest = read)]
    f43: File,
    #[fd(interest = read)]
    f44: File,
    #[fd(interest = read)]
    f45: File,
    #[fd(interest = read)]
    f46: File,
    #[fd(interest = read)]
    f47: File,
    #[fd(interest = read)]
    f48: File,
    #[fd(interest = read)]
    f49: File,
    #[fd(interest = read)]
    f50: File,
    #[fd(interest = read)]
    f51: File,
    #[fd(interest = read)]
    f52: File,
    #[fd(interest = read)]
    f53: File,
    #[fd(interest = read)]
    f54: File,
    #[fd(interest = read)]
    f55: File,
    #[fd(interest = read)]
    f56: File,
    #[fd(interest = read)]
    f57: File,
    #[fd(interest = read)]
    f58: File,
    #[fd(interest = read)]
    f59: File,
    #[fd(interest = read)]
    f60: File,
    #[fd(interest = read)]
    f61: File,
    #[fd(interest = read)]
    f62: File,
    #[fd(interest = read)]
    f63: File,
    #[fd(interest = read)]
    f64: File,
}

fn main() {}
