//! `examples/supervisor`, run as a process of its own, with real programs.

mod support;

use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use support::{eventually, example};

type Lines = Arc<Mutex<Vec<String>>>;

/// A file that is removed in the end.
struct Config(PathBuf);

impl Config {
    fn new(text: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("supervisor-{}-{number}.conf", std::process::id());
        let path = env::temp_dir().join(name);
        fs::write(&path, text).unwrap();
        Self(path)
    }
}

impl Drop for Config {
    fn drop(&mut self) {
        let _ = fs::remove_file(&self.0);
    }
}

/// A running supervisor; stopped, with all its programs, if the test ends before it does.
struct Supervisor {
    process: Child,
    config: Config,
    out: Lines,
    err: Lines,
}

impl Supervisor {
    fn start(config: &str) -> Self {
        let config = Config::new(config);
        let mut command = example("supervisor");
        command.arg(&config.0).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let out = collect(process.stdout.take().unwrap());
        let err = collect(process.stderr.take().unwrap());
        Self { process, config, out, err }
    }

    fn signal(&self, name: &str) {
        let kill = format!("kill -{name} {}", self.process.id());
        assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    }

    fn reload(&self, config: &str) {
        fs::write(&self.config.0, config).unwrap();
        self.signal("HUP");
    }

    fn out(&self) -> Vec<String> {
        self.out.lock().unwrap().clone()
    }

    fn err(&self) -> Vec<String> {
        self.err.lock().unwrap().clone()
    }

    #[track_caller]
    fn says(&self, line: &str) {
        eventually(line, || self.out().iter().chain(&self.err()).any(|it| it == line));
    }

    /// How often it has said something that begins like this, and what followed.
    fn after(&self, start: &str) -> Vec<String> {
        let rest = |it: &String| it.strip_prefix(start).map(str::to_owned);
        self.err().iter().filter_map(rest).collect()
    }

    /// The process that a program was started as the last time; waits for it to have been started so often.
    #[track_caller]
    fn pid(&self, program: &str, starts: usize) -> u32 {
        let start = format!("supervisor: {program} has started as ");
        eventually(&start, || self.after(&start).len() >= starts);
        let pids = self.after(&start);
        assert_eq!(pids.len(), starts, "{pids:?}");
        pids[starts - 1].parse().unwrap()
    }

    /// Waits for its end.
    #[track_caller]
    fn end(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the supervisor ends", || {
            status = self.process.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        if matches!(self.process.try_wait(), Ok(None)) {
            self.signal("TERM");
            self.signal("INT"); // at once; two of one kind may be taken for one
            let start = Instant::now();
            while matches!(self.process.try_wait(), Ok(None)) && start.elapsed().as_secs() < 5 {
                thread::sleep(Duration::from_millis(5));
            }
            let _ = self.process.kill();
            let _ = self.process.wait();
        }
    }
}

fn collect(pipe: impl Read + Send + 'static) -> Lines {
    let lines = Lines::default();
    let mut pipe = BufReader::new(pipe);
    let all = Arc::clone(&lines);
    thread::spawn(move || {
        let mut line = Vec::new();
        while pipe.read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
            let text = String::from_utf8_lossy(&line);
            // A half line is told from a whole one.
            let text = text.strip_suffix('\n').map_or(format!("{text}<EOF>"), str::to_owned);
            all.lock().unwrap().push(text);
            line.clear();
        }
    });
    lines
}

fn is_alive(pid: u32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, rest)| !rest.starts_with(['Z', 'X']))
}

#[test]
fn lines_get_the_name_of_their_program_and_the_last_one_need_not_be_finished() {
    let mut supervisor = Supervisor::start(
        "[one]\nrestart = never\ncommand = echo a; echo; printf 'b\\nlast'\n\
         [two]\nrestart = never\ncommand = echo oops >&2; printf half >&2; exit 3\n",
    );
    assert_eq!(supervisor.end().code(), Some(0), "it ends when nothing is left to run");
    for line in ["one | a", "one | ", "one | b", "one | last", "two | oops", "two | half"] {
        supervisor.says(line);
    }
    supervisor.says("supervisor: two has ended: exit status: 3");
    let out: Vec<_> = supervisor.out().into_iter().filter(|it| it.starts_with("two")).collect();
    assert_eq!(out, [""; 0], "standard error stays that");
}

#[test]
fn a_long_line_is_cut_and_none_of_it_is_lost() {
    let mut supervisor = Supervisor::start(
        "[long]\nrestart = never\ncommand = head -c 100000 /dev/zero | tr '\\0' x; echo; echo end\n",
    );
    assert_eq!(supervisor.end().code(), Some(0));
    supervisor.says("long | end");
    let lines = supervisor.out();
    assert!(lines.iter().all(|it| it.starts_with("long | ") && it.len() < 40_000), "{lines:?}");
    let length: usize = lines.iter().map(|it| it.matches('x').count()).sum();
    assert_eq!(length, 100_000);
}

#[test]
fn what_fails_again_and_again_is_started_later_and_later_up_to_a_limit() {
    let supervisor = Supervisor::start(
        "[moody]\ncommand = date +%s%N; exit 1\ndelay = 100ms\nlongest-delay = 400ms\n",
    );
    eventually("five runs", || supervisor.out().len() >= 5);
    let times: Vec<u64> =
        supervisor.out().iter().map(|it| it["moody | ".len()..].parse().unwrap()).collect();
    let gaps: Vec<u64> = times.windows(2).map(|it| (it[1] - it[0]) / 1_000_000).collect();
    let least = [100, 200, 400, 400];
    assert!(gaps.iter().zip(least).all(|(&gap, least)| gap >= least), "{gaps:?}");
    let said = supervisor.after("supervisor: moody is started again in ");
    assert_eq!(said[..4], ["100ms", "200ms", "400ms", "400ms"]);
}

#[test]
fn what_was_healthy_for_a_while_is_started_again_soon() {
    let supervisor = Supervisor::start(
        "[tired]\ncommand = sleep 0.3; exit 1\nhealthy = 200ms\ndelay = 50ms\n\
         [cannot]\ncommand = true\ndirectory = /nonexistent\ndelay = 50ms\n",
    );
    let said = || supervisor.after("supervisor: tired is started again in ");
    eventually("three ends", || said().len() >= 3);
    assert_eq!(said()[..3], ["50ms", "50ms", "50ms"]);
    // What cannot even be started is like what fails at once.
    let said = || supervisor.after("supervisor: cannot is started again in ");
    eventually("three attempts", || said().len() >= 3);
    assert_eq!(said()[..3], ["50ms", "100ms", "200ms"]);
    supervisor.says("supervisor: cannot cannot be started: No such file or directory (os error 2)");
}

#[test]
fn on_failure_it_is_started_again_until_it_succeeds() {
    let mark = env::temp_dir().join(format!("supervisor-mark-{}", std::process::id()));
    let _ = fs::remove_file(&mark);
    let mut supervisor = Supervisor::start(&format!(
        "[learner]\nrestart = on-failure\ndelay = 10ms\n\
         command = if [ -e {0} ]; then echo done; else touch {0}; exit 1; fi\n",
        mark.display()
    ));
    let status = supervisor.end();
    let _ = fs::remove_file(&mark);
    assert_eq!(status.code(), Some(0));
    supervisor.says("learner | done");
    supervisor.pid("learner", 2);
}

#[test]
fn a_reload_starts_what_is_new_stops_what_is_gone_restarts_what_differs_and_leaves_the_rest() {
    let mut supervisor = Supervisor::start(
        "[kept]\ncommand = exec sleep 1000\n\
         [changed]\ncommand = exec sleep 1001\n\
         [removed]\ncommand = exec sleep 1002\n\
         [ended]\ncommand = true\nrestart = never\n",
    );
    let kept = supervisor.pid("kept", 1);
    let [changed, removed] = ["changed", "removed"].map(|it| supervisor.pid(it, 1));
    supervisor.says("supervisor: ended has ended: exit status: 0");

    // A mistake changes nothing.
    supervisor.reload("[kept]\ncommand = exec sleep 1000\n[added]\ncomand = exec sleep 1003\n");
    let path = supervisor.config.0.display();
    let known = "command, directory, restart, delay, longest-delay, healthy and grace";
    supervisor.says(&format!("supervisor: {path}:3: missing `command` in `[added]`"));
    supervisor.says(&format!("supervisor: {path}:4: unknown key `comand`; there are {known}"));
    supervisor.says("supervisor: goes on with the old configuration");
    assert!([kept, changed, removed].into_iter().all(is_alive));

    let new = "[kept]\n# the same\n\ncommand=exec sleep 1000\n\
         [changed]\ncommand = echo new; exec sleep 1001\n\
         [added]\ncommand = exec sleep 1003\n\
         [ended]\ncommand = true\nrestart = never\n";
    supervisor.reload(new);
    supervisor.says("supervisor: has read the configuration again");
    let added = supervisor.pid("added", 1);
    let changed_again = supervisor.pid("changed", 2);
    supervisor.says("changed | new");
    eventually("the removed one ends", || !is_alive(removed));
    assert!(!is_alive(changed));
    assert!([kept, changed_again, added].into_iter().all(is_alive));
    supervisor.pid("kept", 1);
    supervisor.pid("ended", 1); // is not started again by this

    // The removed one can come back.
    supervisor.reload(&format!("{new}[removed]\ncommand = exec sleep 1002\n"));
    let removed = supervisor.pid("removed", 2);

    supervisor.signal("INT");
    assert_eq!(supervisor.end().code(), Some(0));
    assert!(![kept, changed_again, added, removed].into_iter().any(is_alive));
}

#[test]
fn what_is_removed_and_wanted_again_before_it_has_ended_is_started_again_after_its_end() {
    let slow = "[slow]\ncommand = trap 'sleep 0.3; exit 0' TERM; echo ready; while :; do sleep 0.01; done\n";
    let other = "[other]\ncommand = exec sleep 1000\n";
    let supervisor = Supervisor::start(&format!("{slow}{other}"));
    supervisor.says("slow | ready");
    let first = supervisor.pid("slow", 1);
    supervisor.reload(other);
    supervisor.says("supervisor: has read the configuration again");
    assert!(is_alive(first));
    supervisor.reload(&format!("{slow}{other}"));
    supervisor.pid("slow", 2);
    assert!(!is_alive(first), "two at once");
}

#[test]
fn a_stubborn_program_is_killed_when_its_time_is_up_and_the_others_end_at_once() {
    let mut supervisor = Supervisor::start(
        "[stubborn]\ngrace = 500ms\ncommand = trap '' TERM; echo ready; while :; do sleep 1; done\n\
         [quick]\ncommand = exec sleep 1000\n",
    );
    supervisor.says("stubborn | ready");
    let (stubborn, quick) = (supervisor.pid("stubborn", 1), supervisor.pid("quick", 1));
    let start = Instant::now();
    supervisor.signal("TERM");
    eventually("the quick one ends", || !is_alive(quick));
    assert_eq!(supervisor.end().code(), Some(0));
    assert!(start.elapsed() >= Duration::from_millis(500), "{:?}", start.elapsed());
    supervisor.says("supervisor: stubborn does not end and is killed");
    supervisor.says("supervisor: stubborn has ended: signal: 9 (SIGKILL)");
    assert!(!is_alive(stubborn));
}

#[test]
fn the_second_signal_does_not_wait() {
    let mut supervisor = Supervisor::start(
        "[stubborn]\ngrace = 60m\ncommand = trap '' TERM; echo ready; while :; do sleep 1; done\n",
    );
    supervisor.says("stubborn | ready");
    supervisor.signal("INT");
    supervisor.says("supervisor: stops all programs"); // two that wait would be one
    supervisor.signal("INT");
    assert_eq!(supervisor.end().code(), Some(0));
}

#[test]
fn what_a_program_has_started_ends_with_it() {
    let mut supervisor = Supervisor::start(
        "[family]\ngrace = 300ms\ncommand = sh -c 'trap \"\" TERM; echo $$; while :; do sleep 1; done' & sleep 1000 & echo $!; wait\n\
         [parent]\nrestart = never\ngrace = 300ms\ncommand = sleep 1000 & echo $!; exit 1\n",
    );
    let pids = |program: &str| -> Vec<u32> {
        let rest = |it: &String| it.strip_prefix(&format!("{program} | "))?.parse().ok();
        supervisor.out().iter().filter_map(rest).collect()
    };
    eventually("all have started", || pids("family").len() == 2 && pids("parent").len() == 1);
    let left = pids("parent")[0];
    eventually("the one that was left behind ends", || !is_alive(left));
    let family = pids("family");
    assert!(family.iter().all(|&it| is_alive(it)));
    supervisor.signal("TERM");
    assert_eq!(supervisor.end().code(), Some(0));
    eventually("those who were killed end", || !family.iter().any(|&it| is_alive(it)));
}

#[test]
fn what_a_program_leaves_behind_may_end_in_its_own_time() {
    let mut supervisor = Supervisor::start(
        "[parent]\nrestart = never\ngrace = 20s\ncommand = sh -c 'trap \"sleep 0.2; echo bye; exit\" TERM; echo ready; while :; do sleep 0.01; done' & sleep 0.5; exit 1\n",
    );
    let start = Instant::now();
    assert_eq!(supervisor.end().code(), Some(0));
    assert!(start.elapsed() < Duration::from_secs(20), "it is not waited for longer than needed");
    supervisor.says("parent | bye");
}

#[test]
fn a_program_that_floods_neither_starves_the_others_nor_costs_memory() {
    let flood = "[flood]\ncommand = exec yes\n[endless]\ncommand = exec tr '\\0' x < /dev/zero\n";
    let clock = "[clock]\ncommand = while sleep 0.05; do echo tick; done\n";
    let config = Config::new(&format!("{flood}{clock}"));
    let mut command = example("supervisor");
    command.arg(&config.0).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut process = command.spawn().unwrap();
    let mut out = BufReader::new(process.stdout.take().unwrap());
    let (mut ticks, mut bytes, mut line) = (0, 0, Vec::new());
    let mut memory = Vec::new();
    while ticks < 20 {
        line.clear();
        bytes += out.read_until(b'\n', &mut line).unwrap();
        assert!(line.len() < 40_000, "a line of {} bytes", line.len());
        if line == b"clock | tick\n" {
            ticks += 1;
            memory.push(resident_kib(process.id()));
        }
    }
    let kill = format!("kill {}", process.id());
    assert!(Command::new("sh").args(["-c", &kill]).status().unwrap().success());
    out.read_to_end(&mut line).unwrap();
    assert_eq!(process.wait().unwrap().code(), Some(0));
    let growth = memory[memory.len() - 1].saturating_sub(memory[0]);
    assert!(bytes > 1_000_000 && growth < 2048, "{bytes} bytes, {growth} KiB more");
}

fn resident_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// Runs it with a configuration that is wrong, and gives what it says, without the path.
fn complaints(config: &str) -> Vec<String> {
    let config = Config::new(config);
    let output = example("supervisor").arg(&config.0).output().unwrap();
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(output.stdout, b"");
    let path = format!("{}:", config.0.display());
    let told = String::from_utf8(output.stderr).unwrap();
    told.lines().map(|it| it.strip_prefix(&path).expect(it).to_owned()).collect()
}

#[test]
fn all_mistakes_are_told_with_their_lines() {
    let told = complaints(
        "command = true\n\n[a]\ncommand = true\nrestart = sometimes\ndelay = 5x\ngrace =\nnonsense\n\
         [b c]\ncommand = true\n[a]\n[d]\ncommand = true\ncommand = false\ncolour = red\nhealthy = 99999999999999999999s\n",
    );
    let expected = [
        "1: `command` belongs to a program; begin one with `[NAME]`",
        "5: expected `always`, `on-failure` or `never`, found `sometimes`",
        "6: bad duration `5x`; write it as `250ms`, `5s` or `2m`",
        "7: missing value of `grace`",
        "8: expected `[NAME]` or `KEY = VALUE`, found `nonsense`",
        "9: bad name `b c`; use letters, digits, `-`, `_` and `.`",
        "11: duplicate program `a`; it is in line 3 already",
        "11: missing `command` in `[a]`",
        "14: duplicate key `command`; it is in line 13 already",
        "15: unknown key `colour`; there are command, directory, restart, delay, longest-delay, healthy and grace",
        "16: bad duration `99999999999999999999s`; write it as `250ms`, `5s` or `2m`",
    ];
    assert_eq!(told, expected);
    assert_eq!(complaints("# nothing\n"), ["1: missing program; begin one with `[NAME]`"]);
}

#[test]
fn without_a_file_it_says_so() {
    for (arguments, words) in [
        (&[][..], "supervisor: missing CONFIG; expected one file and nothing else\n"),
        (&["a", "b"], "supervisor: missing CONFIG; expected one file and nothing else\n"),
        (&["/nonexistent.conf"], "/nonexistent.conf: No such file or directory (os error 2)\n"),
    ] {
        let output = example("supervisor").args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        assert_eq!(String::from_utf8(output.stderr).unwrap(), words);
    }
}

#[test]
fn the_demo_is_a_valid_configuration() {
    let demo = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/supervisor/demo.conf");
    let mut supervisor = Supervisor::start(&fs::read_to_string(demo).unwrap());
    supervisor.says("setup | all is set up");
    supervisor.says("moody | not today");
    supervisor.signal("TERM");
    assert_eq!(supervisor.end().code(), Some(0));
}
