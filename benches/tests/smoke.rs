//! Every workload with every peer, for a moment: all events are handled, and each record has the figures that its workload measures.

use std::path::{Path, PathBuf};
use std::{env, fs, process};

use eventp_bench::measure::{Effort, measure};
use eventp_bench::peers::Name;
use eventp_bench::report::{Progress, Record};
use eventp_bench::weight::Counting;
use eventp_bench::workloads::{self, Kind};
use eventp_bench::{client, plot, report};

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The records of the workload's smallest number.
fn run(workload: &str) -> Vec<Record> {
    client::set_program(env!("CARGO_BIN_EXE_eventp-bench"));
    let workload = workloads::find(workload).unwrap();
    measure(workload, workload.numbers[0], Effort::least(), &mut Progress::silent())
}

fn peers(records: &[Record]) -> Vec<Name> {
    records.iter().map(Record::peer).collect()
}

#[test]
fn each_workload_without_a_client_runs_with_each_peer_but_tokio() {
    for workload in workloads::ALL {
        // That one needs the program's own `epoll_wait`, which a test does not have.
        if !matches!(workload.kind, Kind::Alone { .. }) || workload.name == "ready-user" {
            continue;
        }
        let records = run(workload.name);
        assert_eq!(peers(&records), Name::ALL[..8], "{}", workload.name);
        for record in records {
            assert!(record.ns_per_event.unwrap() > 0.0, "{record:?}");
            assert!(record.ratio_to_raw.unwrap() > 0.0, "{record:?}");
        }
    }
}

#[test]
fn servers_answer_every_message_of_another_process() {
    for workload in ["echo", "echo-cpu", "accept"] {
        let records = run(workload);
        let servers = [Name::Raw, Name::Ours, Name::MioVec, Name::MioMap, Name::Tokio];
        assert_eq!(peers(&records), servers, "{workload}");
        assert!(records.iter().all(|record| record.ns_per_event.unwrap() > 0.0));
    }
}

#[test]
fn a_subscriber_of_ours_takes_one_allocation_and_32_bytes_beside_its_value() {
    let records = run("memory");
    let ours = records.iter().find(|record| record.peer() == Name::Ours).unwrap();
    assert_eq!((ours.allocations, ours.bytes), (Some(1.0), Some(16.0 + 32.0)));
}

#[test]
fn what_is_written_as_json_is_read_back() {
    let records = run("memory");
    let folder = Folder::new("json");
    let path = folder.0.join("figures.json");
    report::write_json(&records, &path).unwrap();
    let text = fs::read_to_string(&path).unwrap();
    let read = report::read_json(&path).unwrap();
    assert_eq!(read, records);
    let raw = r#"{"workload":"memory","n":1,"peer":"raw","ns_per_event":null,"ratio_to_raw":null,"ratio_spread":null,"instructions_per_event":null,"allocations":1.0,"bytes":24.0}"#;
    assert!(text.contains(raw), "{text}");
}

/// A folder for one test.
struct Folder(PathBuf);

impl Folder {
    fn new(test: &str) -> Self {
        let folder = env::temp_dir().join(format!("eventp-bench-{}-{test}", process::id()));
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Where the figures that are committed are.
fn committed(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/performance").join(file)
}

#[test]
fn charts_and_tables_are_those_of_the_figures_beside_them() {
    let folder = Folder::new("plot");
    let page = folder.0.join("README.md");
    fs::copy(committed("README.md"), &page).unwrap();
    plot::plot(&committed("figures.json"), &folder.0).unwrap();
    for file in ["times", "user", "instructions", "servers", "memory", "growth"] {
        let file = format!("{file}.svg");
        let drawn = fs::read_to_string(folder.0.join(&file)).unwrap();
        assert!(drawn.contains("ours"), "{file}");
        assert!(drawn == fs::read_to_string(committed(&file)).unwrap(), "{file}: {REMEDY}");
    }
    let same =
        fs::read_to_string(&page).unwrap() == fs::read_to_string(committed("README.md")).unwrap();
    assert!(same, "README.md: {REMEDY}");
}

const REMEDY: &str = "run `eventp-bench plot docs/performance/figures.json`";
