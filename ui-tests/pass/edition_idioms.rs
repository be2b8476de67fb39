//! Bodies with everything that is hard to lex.
use eventp::{handler, subscriber};

#[subscriber(interest = read)]
struct Log {
    #[fd]
    file: std::fs::File,
}

#[handler]
impl Log {
    #[on(readable)]
    fn read(&mut self) -> eventp::Flow {
        let r#type = '"';
        let text = r##"} fn "# {"##;
        let label = 'outer: loop {
            break 'outer if text.contains(r#type) { b'\'' } else { b"}"[0] };
        };
        let closure = |x: &u8| -> bool { *x < 3 && label > 2 };
        match closure(&label) {
            true if matches!(label, b'a'..=b'z') => eventp::Flow::Keep,
            _ => eventp::Flow::Stop,
        }
    }
}

fn main() {
    let mut log = Log { file: std::fs::File::open("/dev/null").unwrap() };
    assert_eq!(log.read(), eventp::Flow::Stop);
    let _ = &log.file;
}
