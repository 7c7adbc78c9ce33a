//! Runs every transcript (`*/*.http`, see [`transcript`] for their form) against the service over ports in memory, and,
//! where `SORTROOM_URL` and `SORTROOM_ADMIN` name one, against a running service.
//!
//! Adding a case is adding a file. `GOLDEN=classify cargo test --test golden` runs those whose path has that word.

mod expect;
mod http;
mod memory;
mod run;
mod transcript;

use std::{fs, path::Path};

#[test]
fn transcripts() {
    run_all(memory::InMemory::new);
}

/// Run by the flows on workerd, which start the service that the variables name.
#[test]
fn transcripts_over_http() {
    let (Ok(url), Ok(admin)) = (std::env::var("SORTROOM_URL"), std::env::var("SORTROOM_ADMIN")) else { return };
    run_all(|| http::OverHttp::new(&url, &admin));
}

fn run_all<T: run::Transport>(transport: impl Fn() -> T) {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden");
    let wanted = std::env::var("GOLDEN").unwrap_or_default();
    let mut files: Vec<_> = fs::read_dir(&root)
        .unwrap()
        .filter_map(|folder| fs::read_dir(folder.unwrap().path()).ok())
        .flatten()
        .map(|file| file.unwrap().path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "http"))
        .filter(|path| path.strip_prefix(&root).unwrap().to_string_lossy().contains(&wanted))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "no transcript has {wanted:?} in its path");
    let mut failures = Vec::new();
    for path in &files {
        let transcript = transcript::parse(&fs::read_to_string(path).unwrap());
        let steps = transcript.unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        if let Err(failure) = run::run(&steps, &mut transport()) {
            failures.push(format!("{}: {failure}", path.strip_prefix(&root).unwrap().display()));
        }
    }
    assert!(failures.is_empty(), "{} of {} failed\n\n{}", failures.len(), files.len(), failures.join("\n\n"));
}
