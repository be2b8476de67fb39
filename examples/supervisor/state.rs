//! The state: which programs there are, and what is wanted of them.

use std::collections::BTreeMap;
use std::path::PathBuf;

use eventp::{EventpOps, Handle, Key, Pinned, Register};

use crate::config::{self, Config, Spec};
use crate::output::log;
use crate::program::Program;

pub(crate) struct Supervisor {
    path: PathBuf,
    programs: BTreeMap<String, Entry>,
    is_stopping: bool,
}

struct Entry {
    spec: Spec,
    /// `None` when it has ended for good; it stays in the list so that a reload does not start it again.
    handle: Option<Handle<Program>>,
}

impl Supervisor {
    pub(crate) fn new(path: PathBuf) -> Self {
        Self { path, programs: BTreeMap::new(), is_stopping: false }
    }

    pub(crate) fn is_stopping(&self) -> bool {
        self.is_stopping
    }

    /// Brings about what a configuration wants.
    pub(crate) fn apply(
        &mut self,
        mut config: Config,
        reactor: &mut Pinned<'_, impl EventpOps<State = Self>>,
    ) {
        self.programs.retain(|name, entry| {
            let program = entry.handle.and_then(|it| reactor.get_mut(it).ok());
            let is_running = program.is_some();
            let Some(spec) = config.remove(name) else {
                program.into_iter().for_each(Program::retire);
                return is_running; // it leaves the list when it has ended
            };
            if let Some(program) = program {
                program.replace(&spec);
            } else if spec != entry.spec {
                entry.handle = start(name, &spec, reactor);
            }
            entry.spec = spec;
            true
        });
        for (name, spec) in config {
            let handle = start(&name, &spec, reactor);
            self.programs.insert(name, Entry { spec, handle });
        }
    }

    /// Reads the configuration again; one with a mistake changes nothing.
    pub(crate) fn reload(&mut self, reactor: &mut Pinned<'_, impl EventpOps<State = Self>>) {
        if self.is_stopping {
            return;
        }
        match config::read(&self.path) {
            Ok(config) => {
                self.apply(config, reactor);
                log("has read the configuration again");
            }
            Err(errors) => {
                errors.iter().for_each(|it| log(it));
                log("goes on with the old configuration");
            }
        }
    }

    /// Stops all programs; the second time, at once.
    pub(crate) fn stop(&mut self, reactor: &mut Pinned<'_, impl EventpOps<State = Self>>) {
        let is_urgent = std::mem::replace(&mut self.is_stopping, true);
        log(if is_urgent { "kills all programs" } else { "stops all programs" });
        for handle in self.programs.values().filter_map(|it| it.handle) {
            if let Ok(program) = reactor.get_mut(handle) {
                if is_urgent { program.kill() } else { program.stop() }
            }
        }
        self.stop_if_nothing_is_left(reactor);
    }

    /// A program has ended for good.
    pub(crate) fn ended(
        &mut self,
        name: &str,
        is_removed: bool,
        reactor: &mut Pinned<'_, impl EventpOps<State = Self>>,
    ) {
        if is_removed {
            self.programs.remove(name);
        } else if let Some(entry) = self.programs.get_mut(name) {
            entry.handle = None;
        }
        self.stop_if_nothing_is_left(reactor);
    }

    fn stop_if_nothing_is_left(&self, reactor: &mut Pinned<'_, impl EventpOps<State = Self>>) {
        if self.programs.values().all(|it| it.handle.is_none()) {
            reactor.stop();
        }
    }

    /// A subscriber was removed by an error.
    pub(crate) fn lost(&mut self, key: Option<Key>) {
        for entry in self.programs.values_mut() {
            entry.handle = entry.handle.filter(|it| Some(it.key()) != key);
        }
    }
}

fn start(
    name: &str,
    spec: &Spec,
    reactor: &mut Pinned<'_, impl EventpOps<State = Supervisor>>,
) -> Option<Handle<Program>> {
    let started = Program::new(name, spec).and_then(|it| it.register_into(reactor));
    started.map_err(|error| log(&format!("{name} cannot be started: {error}"))).ok()
}
