//! The configuration: what comes in is a file, what goes out is a program each, or all mistakes with their lines.
//!
//! ```text
//! # A comment is a line of its own.
//! [web]                             the name, of letters, digits, `-`, `_` and `.`
//! command = python3 -m http.server  for `sh -c`, as it stands
//! directory = /srv/www              where it runs; unless given, where the supervisor does
//! restart = always                  or `on-failure`, or `never`
//! delay = 100ms                     before it is started again; doubled each time ..
//! longest-delay = 30s               .. up to this ..
//! healthy = 10s                     .. until it has run for so long
//! grace = 5s                        from `SIGTERM` to `SIGKILL`
//! ```
//!
//! Only `command` must be there; the values above are what else is assumed. Durations end with `ms`, `s` or `m`.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Programs by name.
pub(crate) type Config = BTreeMap<String, Spec>;

/// What is told of one program.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Spec {
    pub(crate) command: String,
    pub(crate) directory: Option<PathBuf>,
    pub(crate) restart: Restart,
    pub(crate) delay: Duration,
    pub(crate) longest_delay: Duration,
    pub(crate) healthy: Duration,
    pub(crate) grace: Duration,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Restart {
    Always,
    OnFailure,
    Never,
}

impl Default for Spec {
    fn default() -> Self {
        Self {
            command: String::new(),
            directory: None,
            restart: Restart::Always,
            delay: Duration::from_millis(100),
            longest_delay: Duration::from_secs(30),
            healthy: Duration::from_secs(10),
            grace: Duration::from_secs(5),
        }
    }
}

/// Reads a file; the errors are whole lines, `FILE:LINE: REASON`.
pub(crate) fn read(path: &Path) -> Result<Config, Vec<String>> {
    let text =
        fs::read_to_string(path).map_err(|error| vec![format!("{}: {error}", path.display())])?;
    parse(&text).map_err(|mistakes| {
        let place = |line| format!("{}:{line}", path.display());
        mistakes.into_iter().map(|(line, reason)| format!("{}: {reason}", place(line))).collect()
    })
}

/// The number of a line, and what is wrong there.
type Mistake = (usize, String);

fn parse(text: &str) -> Result<Config, Vec<Mistake>> {
    let mut parser = Parser::default();
    for (number, line) in text.lines().enumerate() {
        parser.line(number + 1, line.trim());
    }
    parser.end_section();
    // Rather than a configuration of nothing, it is a file that is just being written.
    if parser.config.is_empty() && parser.mistakes.is_empty() {
        parser.mistakes.push((1, "missing program; begin one with `[NAME]`".into()));
    }
    parser.mistakes.sort_by_key(|&(line, _)| line);
    if parser.mistakes.is_empty() { Ok(parser.config) } else { Err(parser.mistakes) }
}

/// A section that is being read.
struct Section {
    line: usize,
    name: String,
    spec: Spec,
    /// The keys that were there, with their lines.
    keys: BTreeMap<String, usize>,
}

#[derive(Default)]
struct Parser {
    section: Option<Section>,
    names: BTreeMap<String, usize>,
    config: Config,
    mistakes: Vec<Mistake>,
}

impl Parser {
    fn line(&mut self, number: usize, line: &str) {
        let read = if line.is_empty() || line.starts_with('#') {
            Ok(())
        } else if let Some(name) = line.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            self.end_section();
            self.begin_section(number, name)
        } else if let Some((key, value)) = line.split_once('=') {
            self.setting(number, key.trim(), value.trim())
        } else {
            Err(format!("expected `[NAME]` or `KEY = VALUE`, found `{line}`"))
        };
        self.mistakes.extend(read.err().map(|reason| (number, reason)));
    }

    /// The section goes on even if its name is wrong, so that its lines are looked at.
    fn begin_section(&mut self, line: usize, name: &str) -> Result<(), String> {
        let name = name.trim().to_owned();
        let first = *self.names.entry(name.clone()).or_insert(line);
        let is_fine = |it: char| it.is_ascii_alphanumeric() || "-_.".contains(it);
        let checked = if name.is_empty() || !name.chars().all(is_fine) {
            Err(format!("bad name `{name}`; use letters, digits, `-`, `_` and `.`"))
        } else if first != line {
            Err(format!("duplicate program `{name}`; it is in line {first} already"))
        } else {
            Ok(())
        };
        let (spec, keys) = Default::default();
        self.section = Some(Section { line, name, spec, keys });
        checked
    }

    fn end_section(&mut self) {
        let Some(section) = self.section.take() else { return };
        if !section.keys.contains_key("command") {
            self.mistakes
                .push((section.line, format!("missing `command` in `[{}]`", section.name)));
        }
        self.config.insert(section.name, section.spec);
    }

    fn setting(&mut self, line: usize, key: &str, value: &str) -> Result<(), String> {
        let Some(section) = &mut self.section else {
            return Err(format!("`{key}` belongs to a program; begin one with `[NAME]`"));
        };
        let first = *section.keys.entry(key.to_owned()).or_insert(line);
        if first != line {
            return Err(format!("duplicate key `{key}`; it is in line {first} already"));
        }
        section.spec.set(key, value)
    }
}

impl Spec {
    fn set(&mut self, key: &str, value: &str) -> Result<(), String> {
        match key {
            _ if value.is_empty() => return Err(format!("missing value of `{key}`")),
            "command" => value.clone_into(&mut self.command),
            "directory" => self.directory = Some(value.into()),
            "restart" => self.restart = restart(value)?,
            "delay" => self.delay = duration(value)?,
            "longest-delay" => self.longest_delay = duration(value)?,
            "healthy" => self.healthy = duration(value)?,
            "grace" => self.grace = duration(value)?,
            _ => {
                let known = "command, directory, restart, delay, longest-delay, healthy and grace";
                return Err(format!("unknown key `{key}`; there are {known}"));
            }
        }
        Ok(())
    }
}

fn restart(value: &str) -> Result<Restart, String> {
    match value {
        "always" => Ok(Restart::Always),
        "on-failure" => Ok(Restart::OnFailure),
        "never" => Ok(Restart::Never),
        _ => Err(format!("expected `always`, `on-failure` or `never`, found `{value}`")),
    }
}

fn duration(value: &str) -> Result<Duration, String> {
    let digits = value.trim_end_matches(|it: char| !it.is_ascii_digit());
    let unit = match value[digits.len()..].trim() {
        "ms" => Some(1),
        "s" => Some(1000),
        "m" => Some(60 * 1000),
        _ => None,
    };
    let count: Option<u32> = digits.parse().ok(); // millennia at most, which can be added to any time
    unit.zip(count)
        .map(|(unit, count)| unit * u64::from(count))
        .map(Duration::from_millis)
        .ok_or_else(|| format!("bad duration `{value}`; write it as `250ms`, `5s` or `2m`"))
}
