//! Runs every transcript (`*/*.http`, see [`transcript`] for their format) against the service over in-memory ports
//! and, if `SORTROOM_URL` and `SORTROOM_ADMIN` are set, against a running service.
//!
//! To add a case, add a file. `GOLDEN=classify cargo test --test golden` runs those with `classify` in the path.

mod engine;
mod expect;
mod http;
mod memory;
mod run;
mod transcript;

use std::{fs, path::Path};

/// Maximum number of steps skipped over HTTP: those that need the clock to advance, a connection that no server
/// provides, or a server on the Internet (seven, which `tests/e2e/urls.test.mjs` takes over). Each further skipped step is one that workerd no longer covers.
const MAX_SKIPPED_OVER_HTTP: usize = 13;

/// Minimum number of steps of a complete run; the transcripts have a few more.
const MIN_STEPS: usize = 400;

#[test]
fn transcripts() {
    assert_eq!(run_all(memory::InMemory::new).skipped, 0, "in memory nothing is skipped");
}

/// Run by `npm run test:golden`, which starts the service on workerd and sets the variables.
#[test]
#[ignore = "needs a running service at SORTROOM_URL"]
fn transcripts_over_http() {
    let variable = |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set"));
    let (url, admin) = (variable("SORTROOM_URL"), variable("SORTROOM_ADMIN"));
    let skipped = run_all(|| http::OverHttp::new(&url, &admin)).skipped;
    assert!(skipped <= MAX_SKIPPED_OVER_HTTP, "{skipped} steps were skipped, at most {MAX_SKIPPED_OVER_HTTP} may be");
}

fn run_all<T: run::Transport>(transport: impl Fn() -> T) -> run::Tally {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let filter = std::env::var("GOLDEN").unwrap_or_default();
    let mut files: Vec<_> = fs::read_dir(&root)
        .unwrap()
        .filter_map(|folder| fs::read_dir(folder.unwrap().path()).ok())
        .flatten()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "http"))
        .filter(|path| path.strip_prefix(&root).unwrap().to_string_lossy().contains(&filter))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no transcript has {filter:?} in its path");
    let mut failures = Vec::new();
    let mut tally = run::Tally::default();
    for path in &files {
        let transcript = transcript::parse(&fs::read_to_string(path).unwrap());
        let steps = transcript.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        match run::run(&steps, &mut transport()) {
            Ok(run::Tally { ran, skipped }) => {
                tally.ran += ran;
                tally.skipped += skipped;
            }
            Err(failure) => failures.push(format!("{}: {failure}", path.strip_prefix(&root).unwrap().display())),
        }
    }
    assert!(failures.is_empty(), "{} of {} failed\n\n{}", failures.len(), files.len(), failures.join("\n\n"));
    let run::Tally { ran, skipped } = tally;
    println!("{} transcripts: {ran} steps ran, {skipped} skipped", files.len());
    assert!(!filter.is_empty() || ran + skipped >= MIN_STEPS, "only {} steps were found", ran + skipped);
    tally
}
