//! Hostile files: each is read or refused, within the budget of a request and within its memory.

#[path = "generate.rs"]
mod generate;
#[path = "memory.rs"]
mod memory;

use sortroom::budget::Budget;
use sortroom::document::{ReadOptions, read_with_attachments};
use sortroom::error::ErrorKind;
use sortroom::limits;

#[global_allocator]
static ALLOCATOR: memory::Counting = memory::Counting;

/// What a file of 32 MiB leaves of the memory of an instance.
const MAX_PEAK: usize = 64 * limits::MIB as usize;

/// One test, because the memory of others would be counted too.
#[test]
fn every_file_is_read_or_refused_within_its_budget() {
    let mut faults = Vec::new();
    for (name, make) in generate::FILES {
        let bytes = make();
        assert!(bytes.len() as u64 <= limits::MAX_DOCUMENT_BYTES, "{name} has {} bytes", bytes.len());
        let budget = Budget::request();
        let (result, peak) = memory::peak(|| read_with_attachments(&bytes, &ReadOptions::default(), &budget));
        if peak > MAX_PEAK {
            faults.push(format!("{name} takes {} MiB", peak >> 20));
        }
        match result.map_err(|error| error.kind()) {
            Ok(_) | Err(ErrorKind::Unreadable(_)) => {}
            Err(kind) => faults.push(format!("{name} ends with {kind:?}")),
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn names_are_distinct() {
    let mut names: Vec<_> = generate::FILES.iter().map(|(name, _)| name).collect();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), generate::FILES.len());
}
