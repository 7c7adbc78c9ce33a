//! This version reads what released versions stored.
//!
//! `tests/upgrade/{version}/{kind}.json` has records of that kind as the release wrote them, byte for byte. Each has
//! the name of its case and the contents that the release read from it. They are read here the way the Worker's
//! objects read them. A release saves its own before it is tagged, and no release ever changes those of another:
//!
//! ```text
//! cargo test -p sortroom-tests --test upgrade -- --ignored save
//! ```
//!
//! The folder of a release also has the storage of a whole service on workerd, for `tests/e2e/upgrade.test.mjs`.

mod records;
mod save;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};
use serde_json::{Value, value::RawValue};
use sortroom::job::Status;

/// The cases of every kind that each release must have. A later release adds cases for what else it stores. A job
/// that is `owing_to_the_index` or `owing_to_the_queue` has an undelivered effect in its outbox.
const CASES: &[(&str, &[&str])] = &[
    (
        "jobs",
        &[
            "cancelled",
            "classified_and_to_be_extracted",
            "dead_letter",
            "extracted",
            "extraction_only",
            "failed",
            "mail_queued",
            "mail_succeeded",
            "no_match",
            "owing_to_the_index",
            "owing_to_the_queue",
            "queued",
            "removed",
            "retried",
            "running",
            "succeeded",
        ],
    ),
    (
        "job_rows",
        &[
            "cancelled",
            "classified_and_to_be_extracted",
            "dead_letter",
            "extracted",
            "extraction_only",
            "failed",
            "mail_queued",
            "mail_succeeded",
            "never_submitted",
            "no_match",
            "queued",
            "retried",
            "succeeded",
        ],
    ),
    ("classifiers", &["draft", "first", "renamed", "without_routes"]),
    ("files", &["announced", "uploaded", "uploaded_with_job"]),
    ("messages", &["first", "second_stage"]),
    ("projects", &["project"]),
    ("schemas", &["invoice", "receipt"]),
    ("tokens", &["expiring", "lasting"]),
];

/// A stored record.
#[derive(Serialize, Deserialize)]
struct Saved {
    /// The contents of the record, as the release read them.
    is: Value,
    /// The classification, if it is stored separately from the record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    classification: Option<Box<RawValue>>,
    /// What the release wrote.
    record: Box<RawValue>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("upgrade")
}

/// The records of a release, by kind and case.
fn records_of(version: &str) -> BTreeMap<String, BTreeMap<String, Saved>> {
    let folder = root().join(version);
    let mut kinds = BTreeMap::new();
    for entry in fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
        let path = entry.expect("an entry").path();
        let kind = path.file_stem().expect("a name").to_string_lossy().into_owned();
        // `expected.json` belongs to the storage on workerd.
        if path.extension().is_none_or(|extension| extension != "json") || kind == "expected" {
            continue;
        }
        let text = fs::read_to_string(&path).expect("a file");
        let cases = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        kinds.insert(kind, cases);
    }
    kinds
}

/// The releases with saved records, at least the first one.
fn versions() -> Vec<String> {
    let folders = fs::read_dir(root()).expect("the folder").map(|entry| entry.expect("an entry"));
    let folders = folders.filter(|entry| entry.path().is_dir());
    let versions: Vec<_> = folders.map(|entry| entry.file_name().to_string_lossy().into_owned()).collect();
    assert!(versions.iter().any(|version| version == "0.1.0"), "the first release is not among {versions:?}");
    versions
}

#[test]
fn records_of_every_release_are_read() {
    for version in versions() {
        let kinds = records_of(&version);
        for (kind, cases) in &kinds {
            for (case, saved) in cases {
                let read =
                    records::read(kind, saved).unwrap_or_else(|error| panic!("{version}, {kind}, {case}: {error}"));
                // A later version may read more from a record than the release did.
                for (name, value) in saved.is.as_object().expect("an object") {
                    assert_eq!(&read[name], value, "{version}, {kind}, {case}: {name}");
                }
            }
        }
    }
}

#[test]
fn every_release_saved_every_kind() {
    for version in versions() {
        let kinds = records_of(&version);
        for (kind, cases) in CASES {
            let saved = kinds.get(*kind).unwrap_or_else(|| panic!("{version} has no {kind}"));
            for case in *cases {
                assert!(saved.contains_key(*case), "{version} has no case {case} of {kind}");
            }
        }
        let states: BTreeSet<&str> = kinds["jobs"].values().filter_map(|saved| saved.is["status"].as_str()).collect();
        let all = Status::ALL.map(Status::as_str).into_iter().collect();
        assert_eq!(states, all, "{version} has not saved a job of every state");
    }
}

/// Some values as literals, so that the records are not only compared with the contents stored with them.
#[test]
fn records_of_the_first_release_have_known_values() {
    let kinds = records_of("0.1.0");
    let read = |kind: &str, case: &str| records::read(kind, &kinds[kind][case]).expect("a record");
    let succeeded = read("jobs", "succeeded");
    assert_eq!((&succeeded["status"], &succeeded["label"]), (&"succeeded".into(), &"invoice".into()));
    assert!(succeeded["confidence"].as_f64().is_some_and(|confidence| confidence > 0.8), "{succeeded}");
    assert_eq!(succeeded["engine_version"], Value::Null, "0.1.0 did not say which engine it was");
    let extracted = read("jobs", "extracted");
    assert_eq!(extracted["values"]["invoice_number"], "KS-2026-0147");
    assert_eq!(extracted["route"]["deployment"], "Invoice Processing");
    assert_eq!(read("jobs", "failed")["failure"], "UNSUPPORTED_FILE_TYPE");
    assert_eq!(read("jobs", "removed")["outbox"], serde_json::json!(["remove"]));
    assert_eq!(read("jobs", "mail_succeeded")["label"], "refund_request");
    assert_eq!(read("classifiers", "renamed")["routes"]["bill"], read("classifiers", "first")["routes"]["invoice"]);
    assert_eq!(read("classifiers", "draft")["draft"], true);
    assert_eq!(read("projects", "project")["retention_days"], 3660);
}
