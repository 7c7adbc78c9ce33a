//! Mutants of the documents of the corpus, always the same ones: `npm run test:mutants`. Each is classified and
//! extracted within the budget of a request, and ends in an answer or in an error of the documented codes.

use std::{collections::BTreeMap, fs};

use sortroom::document::{self, Format};

use crate::{
    Fuzzer,
    edit::{Edit, Kind, Material, apply},
    targets::{Check, check_document, corpus_folder},
};

/// How many mutants there are.
const MUTANTS: usize = 600;

/// Formats whose documents are mutated.
const FOLDERS: [&str; 7] = ["pdf", "docx", "eml", "html", "md", "txt", "bad"];

/// The damage that files meet on their way: bytes that change, are lost, come twice or not at all.
const DAMAGE: [Kind; 6] = [Kind::FlipBit, Kind::Overwrite, Kind::Insert, Kind::Delete, Kind::Repeat, Kind::Truncate];

/// Numbers of a generator that never changes (SplitMix64), so that the mutants stay the same when proptest changes its
/// own.
struct Numbers(u64);

impl Numbers {
    fn next(&mut self) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) >> 32) as u32
    }
}

/// Runs every mutant, prints how many ended in which way, and returns whether any failed.
pub fn run(fuzzer: &mut Fuzzer) -> bool {
    let mut documents = Vec::new();
    for folder in FOLDERS {
        let mut paths: Vec<_> =
            fs::read_dir(corpus_folder().join(folder)).unwrap().map(|file| file.unwrap().path()).collect();
        paths.sort();
        documents.extend(paths.into_iter().map(|path| (path.display().to_string(), fs::read(&path).unwrap())));
    }
    let mut check: Check = Box::new(check_document);
    let mut outcomes: BTreeMap<&str, usize> = BTreeMap::new();
    let mut failed = 0;
    for number in 0..MUTANTS {
        let (name, original) = &documents[number % documents.len()];
        let mut numbers = Numbers(number as u64);
        let mut mutant = original.clone();
        for _ in 0..1 + numbers.next() % 8 {
            let kind = DAMAGE[numbers.next() as usize % DAMAGE.len()];
            let (part, at, length) = (0, numbers.next(), numbers.next() as usize % 64);
            let edit = Edit { kind, part, at, length, value: numbers.next() };
            apply(&mut mutant, &edit, Material { dictionary: &[], other: original });
        }
        let what = format!("mutant {number} of {name}");
        match fuzzer.check(target(&mutant), &what, &mut check, &mutant) {
            Ok(outcome) => *outcomes.entry(outcome).or_default() += 1,
            Err(fault) => {
                failed += 1;
                fuzzer.add_fault(target(&mutant), &what, fault, &mutant);
            }
        }
    }
    println!("mutants: {MUTANTS} of {} documents, {failed} failed", documents.len());
    for (outcome, count) in &outcomes {
        println!("  {count:>4} {outcome}");
    }
    failed > 0
}

/// The target whose check a mutant fails, for those who run it again.
fn target(mutant: &[u8]) -> &'static str {
    match document::sniff(mutant) {
        Some(Format::Pdf) => "pdf",
        Some(Format::Docx) => "word",
        Some(Format::Eml) => "mail",
        Some(Format::Html) => "html",
        Some(Format::Markdown) => "markdown",
        Some(Format::Plain) | None => "text",
    }
}
