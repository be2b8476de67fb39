//! Runs the examples as what they are: programs of their own.

#![allow(dead_code, reason = "each test file uses its part of it")]

use std::io::{BufRead, BufReader, Read};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant, SystemTime};
use std::{env, fs, thread};

/// Far longer than anything takes, even on a busy machine: a test that waits for this has failed.
pub(crate) const DEADLINE: Duration = Duration::from_secs(30);

/// The command that runs an example. When a test file is run alone (`cargo test --test NAME`), cargo does not build the examples, so
/// that is done here where one is missing or old.
pub(crate) fn example(name: &str) -> Command {
    static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());
    let test = env::current_exe().unwrap(); // TARGET/PROFILE/deps/TEST
    let profile = test.parent().and_then(Path::parent).unwrap();
    let program = profile.join("examples").join(name);
    let _guard = ONE_AT_A_TIME.lock().unwrap();
    if !is_fresh(&program) {
        build(name, profile);
    }
    Command::new(program)
}

/// Whether a program is newer than all that it is made of.
fn is_fresh(program: &Path) -> bool {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let sources = ["examples", "src", "eventp-core/src", "eventp-macros/src"];
    let newest = sources.iter().filter_map(|it| last_change(&root.join(it))).max();
    modified(program) > newest
}

fn last_change(path: &Path) -> Option<SystemTime> {
    match fs::read_dir(path) {
        Ok(folder) => folder.filter_map(|it| last_change(&it.ok()?.path())).max(),
        Err(_) => modified(path),
    }
}

fn modified(path: &Path) -> Option<SystemTime> {
    fs::metadata(path).ok()?.modified().ok()
}

fn build(name: &str, profile: &Path) {
    let profile_name = match profile.file_name().and_then(|it| it.to_str()).unwrap() {
        "debug" => "dev",
        other => other,
    };
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--example", name, "--profile", profile_name])
        .arg("--target-dir")
        .arg(profile.parent().unwrap())
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .status()
        .unwrap();
    assert!(status.success(), "`cargo build --example {name}` has failed");
}

/// The same command, started by a shell that sets a limit first, as in `with_limit("-Sn 64", ..)`.
pub(crate) fn with_limit(limit: &str, command: &Command) -> Command {
    let mut shell = Command::new("sh");
    shell.arg("-c").arg(format!("ulimit {limit} && exec \"$0\" \"$@\""));
    shell.arg(command.get_program()).args(command.get_args());
    shell
}

/// Waits until something becomes true.
pub(crate) fn eventually(what: &str, mut is_true: impl FnMut() -> bool) {
    let start = Instant::now();
    while !is_true() {
        assert!(start.elapsed() < DEADLINE, "not within {DEADLINE:?}: {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

/// A stream that fails rather than hangs the test.
pub(crate) fn connect(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect_timeout(&address, DEADLINE).unwrap();
    stream.set_read_timeout(Some(DEADLINE)).unwrap();
    stream.set_write_timeout(Some(DEADLINE)).unwrap();
    stream
}

/// A running server; killed if the test ends before it does.
pub(crate) struct Server {
    child: Child,
    stdout: BufReader<ChildStdout>,
    pub(crate) address: SocketAddr,
}

impl Server {
    /// Starts an example on a port that the system chooses.
    pub(crate) fn start(name: &str) -> Self {
        Self::run(example(name).arg("127.0.0.1:0"))
    }

    /// Starts a server, and waits until it says where it listens.
    pub(crate) fn run(command: &mut Command) -> Self {
        let mut child =
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("it starts");
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        let address = line.trim_end().strip_prefix("listening on ").and_then(|it| it.parse().ok());
        let Some(address) = address else {
            let _ = child.kill();
            panic!("expected `listening on ADDRESS`, found {line:?}");
        };
        Self { child, stdout, address }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        connect(self.address)
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal, as `TERM`, and waits for the end: how it went, and what was still said on the standard output and error.
    pub(crate) fn end(mut self, signal: &str) -> (ExitStatus, String, String) {
        // The shell's own `kill`: there need not be a program of that name.
        let kill = format!("kill -{signal} {}", self.pid());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
        let mut status = None;
        eventually("the server ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        let (mut out, mut err) = (String::new(), String::new());
        self.stdout.read_to_string(&mut out).unwrap();
        self.child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
        (status.unwrap(), out, err)
    }

    fn proc(&self, file: &str) -> PathBuf {
        Path::new("/proc").join(self.pid().to_string()).join(file)
    }

    pub(crate) fn open_fds(&self) -> usize {
        fs::read_dir(self.proc("fd")).unwrap().count()
    }

    /// Whether the limit of open files is reached. It is a limit of the numbers: inherited fds may be above it.
    pub(crate) fn has_used_all_below(&self, limit: usize) -> bool {
        let numbers = fs::read_dir(self.proc("fd")).unwrap().map(|it| it.unwrap().file_name());
        let numbers = numbers.map(|it| it.to_str().unwrap().parse::<usize>().unwrap());
        numbers.filter(|&it| it < limit).count() == limit
    }

    /// Resident memory in KiB (`proc(5)`).
    pub(crate) fn resident_kib(&self) -> u64 {
        let status = fs::read_to_string(self.proc("status")).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
        line.trim().trim_end_matches(" kB").parse().unwrap()
    }

    /// Processor time used so far, by fields 14 and 15 of `stat`; their unit is a hundredth of a second on every Linux.
    pub(crate) fn cpu_time(&self) -> Duration {
        let stat = fs::read_to_string(self.proc("stat")).unwrap();
        // The second field is the program's name, which may have anything in it but ends with the last parenthesis.
        let fields = stat.rsplit_once(')').unwrap().1.split_whitespace();
        let ticks: u64 = fields.skip(11).take(2).map(|it| it.parse::<u64>().unwrap()).sum();
        Duration::from_millis(ticks * 10)
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Bytes that differ from place to place and from one `salt` to the next: each block of a prime length starts with its number and the salt.
pub(crate) fn pattern(salt: u32, length: usize) -> Vec<u8> {
    const BLOCK: usize = 251;
    let filling: Vec<u8> = (0..BLOCK).map(|at| (at * 7) as u8).collect();
    let mut bytes = Vec::with_capacity(length + BLOCK);
    for number in 0..length.div_ceil(BLOCK) as u32 {
        bytes.extend_from_slice(&salt.to_ne_bytes());
        bytes.extend_from_slice(&number.to_ne_bytes());
        bytes.extend_from_slice(&filling[8..]);
    }
    bytes.truncate(length);
    bytes
}

/// Not `assert_eq!`, which would print it all.
pub(crate) fn assert_same(received: &[u8], sent: &[u8]) {
    let difference = received.iter().zip(sent).position(|(a, b)| a != b);
    assert!(received == sent, "{} of {} bytes, {difference:?}", received.len(), sent.len());
}

/// Has the kernel send a reset instead of an orderly end.
pub(crate) fn reset(stream: TcpStream) {
    socket2::SockRef::from(&stream).set_linger(Some(Duration::ZERO)).unwrap();
}

/// Runs an example that ends by itself, and gives what it printed; it must succeed, in silence on the standard error, and soon.
pub(crate) fn output_of(name: &str) -> String {
    let mut command = example(name);
    let start = Instant::now();
    let output = command.output().unwrap();
    let err = String::from_utf8(output.stderr).unwrap();
    assert_eq!((output.status.code(), err.as_str()), (Some(0), ""));
    assert!(start.elapsed() < Duration::from_secs(10), "{:?}", start.elapsed());
    String::from_utf8(output.stdout).unwrap()
}
