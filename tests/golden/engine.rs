//! The version of the engine changes if its results do.
//!
//! `native/vectors.http` has decisions to the last digit, and `native/engine-versions.txt` has a line for every version
//! of the engine: the version, and the SHA-256 of the vectors with the results of that version. Versions in the vectors
//! are patterns, so that the hash does not change with the version alone.

use sha2::{Digest, Sha256};
use sortroom::ENGINE_VERSION;

const VECTORS: &str = include_str!("native/vectors.http");
const VERSIONS: &str = include_str!("native/engine-versions.txt");

/// Hashes the vectors, with the line ends of the repository even if a checkout converts them.
fn hash(vectors: &str) -> String {
    let digest = Sha256::digest(vectors.replace("\r\n", "\n"));
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The numbers of a version, for comparison.
fn numbers(version: &str) -> [u32; 3] {
    let parts: Vec<u32> = version.split('.').map(|part| part.parse().expect("a number")).collect();
    parts.try_into().unwrap_or_else(|_| panic!("{version} has not three numbers"))
}

#[test]
fn the_version_of_the_engine_changes_with_its_results() {
    assert!(!VECTORS.contains(&format!("\"{ENGINE_VERSION}\"")), "the vectors name a version instead of a pattern");
    let lines: Vec<(&str, &str)> =
        VERSIONS.lines().map(|line| line.split_once(' ').unwrap_or_else(|| panic!("no hash: {line}"))).collect();
    for (index, (version, hash)) in lines.iter().enumerate() {
        let earlier = lines.get(..index).unwrap_or_default();
        let is_later = earlier.last().is_none_or(|(before, _)| numbers(before) < numbers(version));
        assert!(is_later, "{version} is not later than the version of the line before it");
        assert!(!earlier.iter().any(|(_, known)| known == hash), "the hash of {version} is there twice");
    }
    let (version, known) = *lines.last().expect("a version");
    let actual = hash(VECTORS);
    assert!(
        version == ENGINE_VERSION && known == actual,
        "the last line of tests/golden/native/engine-versions.txt is\n  {version} {known}\n\
         but ENGINE_VERSION in src/core/lib.rs and the hash of tests/golden/native/vectors.http are\n  {ENGINE_VERSION} {actual}\n\
         Where {version} is released and answers moved: raise ENGINE_VERSION, add the second line, and run `npm run types`.\n\
         Where {version} is not released yet: put the hash into its line."
    );
}
