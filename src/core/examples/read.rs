//! Reads files and prints the result of each: `cargo run --release --example read -- PATH...`
//!
//! For a folder, it reads all files in it. One line a file: milliseconds, format or error code, pages, passages,
//! characters, steps of work. With `--text` it prints the text, with `--passages` every passage with its role. With
//! `--request` or `--stage`, each file has that budget; without, none.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use sortroom::budget::Budget;
use sortroom::document::{Document, ReadOptions, read};

fn main() -> std::io::Result<()> {
    let (flags, paths): (Vec<_>, Vec<_>) = std::env::args().skip(1).partition(|argument| argument.starts_with("--"));
    let mut files = Vec::new();
    for path in &paths {
        collect(Path::new(path), &mut files)?;
    }
    let (mut total_time, mut succeeded, mut pages) = (Duration::ZERO, 0, 0);
    for file in &files {
        let bytes = std::fs::read(file)?;
        let budget = match () {
            () if flags.iter().any(|flag| flag == "--request") => Budget::request(),
            () if flags.iter().any(|flag| flag == "--stage") => Budget::stage(),
            () => Budget::unlimited(),
        };
        let start = now();
        let document = read(&bytes, &ReadOptions::default(), &budget);
        let time = now().duration_since(start).unwrap_or_default();
        total_time += time;
        let name = file.display();
        match &document {
            Ok(document) => {
                succeeded += 1;
                pages += document.pages.len();
                let work = budget.work_done();
                print(&format!("{:8.1} ms  {} {work} steps  {name}", 1000.0 * time.as_secs_f64(), summary(document)));
                show(document, &flags);
            }
            Err(error) => print(&format!("{:8.1} ms  {error:?}  {name}", 1000.0 * time.as_secs_f64())),
        }
    }
    print(&format!("{succeeded} of {} files read, {pages} pages, {:.1} s", files.len(), total_time.as_secs_f64()));
    Ok(())
}

fn summary(document: &Document) -> String {
    let passages: usize = document.pages.iter().map(|page| page.passages.len()).sum();
    let characters: usize = document.pages.iter().map(|page| page.text.chars().count()).sum();
    format!("{:?} {} pages {passages} passages {characters} characters", document.format, document.page_count)
}

fn show(document: &Document, flags: &[String]) {
    let has_flag = |flag: &str| flags.iter().any(|argument| argument == flag);
    for page in &document.pages {
        if has_flag("--text") {
            print(&format!("{}\x0c", page.text));
        }
        if has_flag("--passages") {
            for passage in &page.passages {
                print(&format!(
                    "{} {:?}: {}",
                    page.number,
                    passage.role,
                    passage.span.of(&page.text).replace('\n', " / ")
                ));
            }
        }
    }
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> std::io::Result<()> {
    if !path.is_dir() {
        files.push(path.to_owned());
        return Ok(());
    }
    let mut entries = std::fs::read_dir(path)?.collect::<std::io::Result<Vec<_>>>()?;
    entries.sort_by_key(std::fs::DirEntry::file_name);
    entries.iter().try_for_each(|entry| collect(&entry.path(), files))
}

#[expect(clippy::disallowed_methods, reason = "an example that runs natively may look at the clock")]
fn now() -> SystemTime {
    SystemTime::now()
}

fn print(line: &str) {
    // A reader may close the pipe early.
    let _ = writeln!(std::io::stdout(), "{line}");
}
